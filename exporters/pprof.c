// SPDX-License-Identifier: MIT
/*
 * pprof.c - a gzipped profile.proto (exporters/pprof.proto), for `go tool pprof` and its kin.
 *
 * Written in pieces: a protobuf message is the concatenation of its parts, in any order, so that
 * nothing of it but one sample is ever in memory. What samples refer to comes after them, and the
 * strings come last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exporter.h"
#include "losses.h"
#include "pprof_writer.h"
#include "text.h"

#define SAMPLE_FIELD ((2 << 3) | 2) /* tag and wire type of Profile.sample */
#define VARINT_MAX   10		    /* bytes of 64 bits */

enum value { VALUE_COUNT, VALUE_CPU, VALUE_OFF_CPU, VALUE_RUN_QUEUE, VALUE_WALL, VALUES };

static const struct {
	const char *type, *unit;
} value_types[VALUES] = {
	[VALUE_COUNT] = { "samples", "count" },
	[VALUE_CPU] = { "cpu", "nanoseconds" },
	[VALUE_OFF_CPU] = { "off_cpu", "nanoseconds" },
	[VALUE_RUN_QUEUE] = { "run_queue", "nanoseconds" },
	[VALUE_WALL] = { "wall", "nanoseconds" },
};

static const struct {
	const char *label;
	enum value value;
} states[SCOPE_STATES] = {
	[SCOPE_ON] = { "on", VALUE_CPU },
	[SCOPE_RUNQ] = { "runq", VALUE_RUN_QUEUE },
	[SCOPE_OFF] = { "off", VALUE_OFF_CPU },
};

/* --- strings ---------------------------------------------------------------------------------- */

uint32_t pprof_add_literal(struct pprof_writer *w, const char *text)
{
	text_write_name(w->texts.out, text);
	putc_unlocked('\0', w->texts.out);
	return w->texts.count++;
}

uint32_t pprof_add_string(struct pprof_writer *w, uint32_t id)
{
	uint32_t *number = &w->texts.numbers[id];

	if (!*number)
		*number = pprof_add_literal(w, profile_string(w->profile, id)) + 1;
	return *number - 1;
}

/* A string that may be none. */
uint32_t pprof_add_known(struct pprof_writer *w, uint32_t id)
{
	return id ? pprof_add_string(w, id) : 0;
}

/* --- messages --------------------------------------------------------------------------------- */

struct sink {
	ProtobufCBuffer base;
	struct gzip *gz;
};

static void append(ProtobufCBuffer *base, size_t count, const uint8_t *bytes)
{
	gzip_write(((struct sink *)base)->gz, bytes, count);
}

/* A part of the profile. */
void pprof_put(struct pprof_writer *w, const Pprof__Profile *part)
{
	struct sink sink = { .base = { .append = append }, .gz = w->gz };

	protobuf_c_message_pack_to_buffer(&part->base, &sink.base);
}

static bool reserve(struct pprof_writer *w, struct pprof_bytes *bytes, size_t size)
{
	uint8_t *data;

	if (size <= bytes->room)
		return true;
	data = realloc(bytes->data, size * 2);
	if (!data) {
		w->error = -ENOMEM;
		return false;
	}
	bytes->data = data;
	bytes->room = size * 2;
	return true;
}

/* A part of a sample. */
static void pack(struct pprof_writer *w, const Pprof__Sample *part, struct pprof_bytes *ret_bytes)
{
	size_t size = protobuf_c_message_get_packed_size(&part->base);

	ret_bytes->size = 0;
	if (size && reserve(w, ret_bytes, size))
		ret_bytes->size = protobuf_c_message_pack(&part->base, ret_bytes->data);
}

/* --- samples ---------------------------------------------------------------------------------- */

static void pack_labels(struct pprof_writer *w, Pprof__Label *labels, size_t count,
			struct pprof_bytes *ret_bytes)
{
	Pprof__Sample part = PPROF__SAMPLE__INIT;
	Pprof__Label *pointers[8];

	for (size_t i = 0; i < count; i++)
		pointers[i] = &labels[i];
	part.n_label = count;
	part.label = pointers;
	pack(w, &part, ret_bytes);
}

static Pprof__Label text_label(uint32_t key, uint32_t text)
{
	Pprof__Label label = PPROF__LABEL__INIT;

	label.key = key;
	label.str = text;
	return label;
}

static Pprof__Label number_label(uint32_t key, uint32_t number)
{
	Pprof__Label label = PPROF__LABEL__INIT;

	label.key = key;
	label.num = number;
	return label;
}

struct label_keys {
	uint32_t pid, process, thread, tid, state, reason; /* strings of the format */
	uint32_t states[SCOPE_STATES];
};

static void pack_thread_labels(struct pprof_writer *w, const struct label_keys *keys,
			       uint32_t index)
{
	const struct profile_thread *thread = &w->profile->threads[index];
	const struct profile_process *process = &w->profile->processes[thread->process];
	Pprof__Label labels[] = {
		number_label(keys->pid, process->pid),
		text_label(keys->process, pprof_add_string(w, process->comm)),
		text_label(keys->thread, pprof_add_string(w, thread->comm)),
		number_label(keys->tid, thread->tid),
	};

	pack_labels(w, labels, 4, &w->thread_labels);
}

static void pack_state_labels(struct pprof_writer *w, const struct label_keys *keys,
			      const struct profile_sample *sample)
{
	Pprof__Label labels[] = {
		text_label(keys->state, keys->states[sample->state]),
		text_label(keys->reason, pprof_add_known(w, sample->reason)),
	};

	pack_labels(w, labels, sample->reason ? 2 : 1, &w->state_labels);
}

/* Leaf first. Returns how many; 0: no memory. */
static size_t list_locations(struct pprof_writer *w, uint32_t stack)
{
	size_t count = 0;

	do {
		const struct pprof_place *place = &w->places[stack];

		if (count == w->stack_room) {
			size_t room = w->stack_room ? w->stack_room * 2 : 256;
			uint64_t *locations = realloc(w->stack, room * sizeof(*locations));

			if (!locations) {
				w->error = -ENOMEM;
				return 0;
			}
			w->stack = locations;
			w->stack_room = room;
		}
		w->stack[count++] = place->location;
		w->used[place->location] = true;
		stack = place->caller;
	} while (stack);
	return count;
}

static size_t put_varint(uint8_t *at, uint64_t value)
{
	size_t size = 0;

	for (; value >= 0x80; value >>= 7)
		at[size++] = (uint8_t)(value | 0x80);
	at[size++] = (uint8_t)value;
	return size;
}

static void put_sample(struct pprof_writer *w, const struct profile_sample *sample)
{
	int64_t values[VALUES] = {
		[VALUE_COUNT] = (int64_t)sample->count,
		[VALUE_WALL] = (int64_t)sample->ns,
	};
	Pprof__Sample own = PPROF__SAMPLE__INIT;
	uint8_t head[1 + VARINT_MAX] = { SAMPLE_FIELD };

	values[states[sample->state].value] = (int64_t)sample->ns;
	own.n_location_id = list_locations(w, sample->stack);
	own.location_id = w->stack;
	own.n_value = VALUES;
	own.value = values;
	pack(w, &own, &w->own);
	gzip_write(w->gz, head,
		   1 + put_varint(head + 1,
				  w->own.size + w->thread_labels.size + w->state_labels.size));
	gzip_write(w->gz, w->own.data, w->own.size);
	gzip_write(w->gz, w->thread_labels.data, w->thread_labels.size);
	gzip_write(w->gz, w->state_labels.data, w->state_labels.size);
}

/* Samples are sorted by thread, then state, then reason: labels seldom change. */
static void put_samples(struct pprof_writer *w)
{
	struct label_keys keys;
	const struct profile_sample *samples = w->profile->samples;

	keys.pid = pprof_add_literal(w, "pid");
	keys.process = pprof_add_literal(w, "process");
	keys.thread = pprof_add_literal(w, "thread");
	keys.tid = pprof_add_literal(w, "tid");
	keys.state = pprof_add_literal(w, "state");
	keys.reason = pprof_add_literal(w, "reason");
	for (size_t i = 0; i < SCOPE_STATES; i++)
		keys.states[i] = pprof_add_literal(w, states[i].label);
	for (uint32_t i = 0; i < w->profile->sample_count && !w->error; i++) {
		const struct profile_sample *sample = &samples[i];

		if (!i || sample->thread != sample[-1].thread)
			pack_thread_labels(w, &keys, sample->thread);
		if (!i || sample->state != sample[-1].state || sample->reason != sample[-1].reason)
			pack_state_labels(w, &keys, sample);
		put_sample(w, sample);
		if (!w->error)
			w->error = gzip_error(w->gz);
	}
}

/* --- the run ---------------------------------------------------------------------------------- */

/* What was lost, and what one would ask of a profile whose command is forgotten. */
static size_t add_comments(struct pprof_writer *w, int64_t *comments)
{
	const struct profile *p = w->profile;
	size_t count = 0;
	char line[256];

	snprintf(line, sizeof(line), "systemscope %s", p->version);
	comments[count++] = pprof_add_literal(w, line);
	comments[count++] = pprof_add_literal(w, p->target);
	snprintf(line, sizeof(line), "window %s at %u Hz, %u CPUs",
		 text_duration(p->window_ns).bytes, p->frequency_hz, p->cpus);
	comments[count++] = pprof_add_literal(w, line);
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++) {
		const struct profile_loss *loss = &p->losses[i];

		if (!loss->count && !loss->ns)
			continue;
		snprintf(line, sizeof(line), "%s: %s: %llu, %llu ns",
			 loss_table[i].mended ? "mended" : "lost", loss_table[i].text,
			 (unsigned long long)loss->count, (unsigned long long)loss->ns);
		comments[count++] = pprof_add_literal(w, line);
	}
	return count;
}

static void put_run(struct pprof_writer *w)
{
	const struct profile *p = w->profile;
	Pprof__ValueType types[VALUES], *pointers[VALUES], period = PPROF__VALUE_TYPE__INIT;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	int64_t comments[3 + SCOPE_LOSS_COUNT];
	char *none[] = { "" };

	part.n_string_table = 1;
	part.string_table = none;
	w->texts.count = 1;
	for (size_t i = 0; i < VALUES; i++) {
		pprof__value_type__init(&types[i]);
		types[i].type = pprof_add_literal(w, value_types[i].type);
		types[i].unit = i > VALUE_CPU ? types[VALUE_CPU].unit
					      : pprof_add_literal(w, value_types[i].unit);
		pointers[i] = &types[i];
	}
	part.n_sample_type = VALUES;
	part.sample_type = pointers;
	part.default_sample_type = types[VALUE_WALL].type;
	period.type = types[VALUE_CPU].type;
	period.unit = types[VALUE_CPU].unit;
	part.period_type = &period;
	part.period = p->frequency_hz ? (int64_t)(NSEC_PER_SEC / p->frequency_hz) : 0;
	part.time_nanos = (int64_t)p->start_realtime_ns;
	part.duration_nanos = (int64_t)p->window_ns;
	part.n_comment = add_comments(w, comments);
	part.comment = comments;
	pprof_put(w, &part);
}

static void put_strings(struct pprof_writer *w)
{
	const char *next;

	if (fclose(w->texts.out) != 0)
		w->error = -ENOMEM;
	w->texts.out = NULL;
	if (w->error)
		return;
	next = w->texts.bytes;
	for (uint32_t i = 1; i < w->texts.count; i++) {
		Pprof__Profile part = PPROF__PROFILE__INIT;
		char *text = (char *)next;

		part.n_string_table = 1;
		part.string_table = &text;
		pprof_put(w, &part);
		next += strlen(next) + 1;
	}
}

static void open_writer(struct pprof_writer *w, FILE *out)
{
	w->gz = gzip_open(out);
	w->texts.out = open_memstream(&w->texts.bytes, &w->texts.size);
	w->texts.numbers = calloc(w->profile->string_count, sizeof(*w->texts.numbers));
	if (!w->gz || !w->texts.out || !w->texts.numbers)
		w->error = -ENOMEM;
}

static int close_writer(struct pprof_writer *w)
{
	int ret = w->gz ? gzip_close(w->gz) : 0;

	if (w->texts.out)
		fclose(w->texts.out);
	free(w->texts.bytes);
	free(w->texts.numbers);
	free(w->places);
	free(w->used);
	free(w->images);
	free(w->stack);
	free(w->own.data);
	free(w->thread_labels.data);
	free(w->state_labels.data);
	pairs_free(&w->locations);
	pairs_free(&w->functions);
	return w->error ? w->error : ret;
}

static int pprof_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	struct pprof_writer w = { .profile = p };
	int ret;

	(void)opts; /* they choose how a stack reads; here all is told */
	open_writer(&w, out);
	if (!w.error)
		pprof_place_stacks(&w);
	if (!w.error) {
		put_run(&w);
		put_samples(&w);
		pprof_put_refs(&w);
		put_strings(&w);
	}
	ret = close_writer(&w);
	return ret ? ret : text_flush(out);
}

const struct exporter exporter_pprof = {
	.name = "pprof",
	.suffixes = { ".pb.gz" },
	.summary = "for go tool pprof: all states, with labels for thread and reason",
	.binary = true,
	.write = pprof_write,
};
