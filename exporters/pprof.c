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
#include "order.h"
#include "pprof_writer.h"
#include "text.h"

#define SAMPLE_FIELD ((2 << 3) | 2) /* tag and wire type of Profile.sample */
#define AHEAD	     8 /* samples: they lie apart in memory, so the next ones are asked for early */
#define LABELS_MAX   4 /* in a part of a sample */
#define VARINT_MAX   10 /* bytes of 64 bits */

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

/* Appends a part of a sample. */
static void pack(struct pprof_writer *w, const Pprof__Sample *part, struct pprof_bytes *bytes)
{
	size_t size = bytes->size + protobuf_c_message_get_packed_size(&part->base);

	if (size > bytes->room) {
		uint8_t *data = realloc(bytes->data, size * 2);

		if (!data) {
			w->error = -ENOMEM;
			return;
		}
		bytes->data = data;
		bytes->room = size * 2;
	}
	bytes->size += protobuf_c_message_pack(&part->base, bytes->data + bytes->size);
}

/* --- samples ---------------------------------------------------------------------------------- */

static void pack_labels(struct pprof_writer *w, Pprof__Label *labels, size_t count,
			struct pprof_labels *ret_labels, uint32_t index)
{
	Pprof__Sample part = PPROF__SAMPLE__INIT;
	Pprof__Label *pointers[LABELS_MAX];

	for (size_t i = 0; i < count; i++)
		pointers[i] = &labels[i];
	part.n_label = count;
	part.label = pointers;
	pack(w, &part, &ret_labels->bytes);
	ret_labels->ends[index] = ret_labels->bytes.size;
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

static void pack_thread_labels(struct pprof_writer *w)
{
	const struct profile *p = w->profile;
	uint32_t pid = pprof_add_literal(w, "pid"), process = pprof_add_literal(w, "process");
	uint32_t thread = pprof_add_literal(w, "thread"), tid = pprof_add_literal(w, "tid");

	for (uint32_t i = 0; i < p->thread_count && !w->error; i++) {
		const struct profile_thread *of = &p->threads[i];
		Pprof__Label labels[] = {
			number_label(pid, p->processes[of->process].pid),
			text_label(process, pprof_add_string(w, p->processes[of->process].comm)),
			text_label(thread, pprof_add_string(w, of->comm)),
			number_label(tid, of->tid),
		};

		pack_labels(w, labels, 4, &w->thread_labels, i);
	}
}

/* Of each state and reason in which a sample is. */
static void pack_state_labels(struct pprof_writer *w)
{
	const struct profile *p = w->profile;
	uint32_t state = pprof_add_literal(w, "state"), reason = pprof_add_literal(w, "reason");
	size_t *ends;

	for (uint32_t i = 0; i < p->sample_count; i++) {
		if (!pairs_add(&w->states, p->samples[i].state, p->samples[i].reason))
			w->error = -ENOMEM;
	}
	ends = calloc((size_t)w->states.count + 1, sizeof(*ends));
	w->state_labels.ends = ends;
	if (!ends)
		w->error = -ENOMEM;
	for (uint32_t i = 1; i <= w->states.count && !w->error; i++) {
		const struct pair *pair = &w->states.items[i];
		Pprof__Label labels[] = {
			text_label(state, pprof_add_literal(w, states[pair->first].label)),
			text_label(reason, pprof_add_known(w, pair->second)),
		};

		pack_labels(w, labels, pair->second ? 2 : 1, &w->state_labels, i);
	}
}

static void put_labels(struct pprof_writer *w, const struct pprof_labels *labels, uint32_t index)
{
	size_t start = index ? labels->ends[index - 1] : 0;

	gzip_write(w->gz, labels->bytes.data + start, labels->ends[index] - start);
}

static size_t labels_size(const struct pprof_labels *labels, uint32_t index)
{
	return labels->ends[index] - (index ? labels->ends[index - 1] : 0);
}

/* Leaf first. */
static void pack_locations(struct pprof_writer *w, uint32_t stack)
{
	Pprof__Sample part = PPROF__SAMPLE__INIT;

	do {
		const struct pprof_place *place = &w->places[stack];

		if (part.n_location_id == w->stack_room) {
			size_t room = w->stack_room ? w->stack_room * 2 : 256;
			uint64_t *locations = realloc(w->stack, room * sizeof(*locations));

			if (!locations) {
				w->error = -ENOMEM;
				return;
			}
			w->stack = locations;
			w->stack_room = room;
		}
		w->stack[part.n_location_id++] = place->location;
		w->used[place->location] = true;
		stack = place->caller;
	} while (stack);
	part.location_id = w->stack;
	w->locations_of_stack.size = 0;
	pack(w, &part, &w->locations_of_stack);
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
	uint32_t state = pairs_find(&w->states, sample->state, sample->reason);
	Pprof__Sample part = PPROF__SAMPLE__INIT;
	uint8_t head[1 + VARINT_MAX] = { SAMPLE_FIELD };

	values[states[sample->state].value] = (int64_t)sample->ns;
	part.n_value = VALUES;
	part.value = values;
	w->values.size = 0;
	pack(w, &part, &w->values);
	gzip_write(w->gz, head,
		   1 + put_varint(head + 1, w->locations_of_stack.size + w->values.size +
						    labels_size(&w->thread_labels, sample->thread) +
						    labels_size(&w->state_labels, state)));
	gzip_write(w->gz, w->locations_of_stack.data, w->locations_of_stack.size);
	put_labels(w, &w->thread_labels, sample->thread);
	put_labels(w, &w->state_labels, state);
	gzip_write(w->gz, w->values.data, w->values.size);
}

static uint32_t stack_of(const void *profile, uint32_t sample)
{
	return ((const struct profile *)profile)->samples[sample].stack;
}

/* By stack: each is then packed once, and what follows one another is alike, which deflate likes.
 */
static void put_samples(struct pprof_writer *w)
{
	const struct profile *p = w->profile;
	uint32_t last = UINT32_MAX;

	for (uint32_t i = 0; i < p->sample_count; i++)
		w->samples[i] = i;
	w->error = order_by(w->samples, p->sample_count, stack_of, p, p->stack_count);
	if (!w->error)
		pack_thread_labels(w);
	if (!w->error)
		pack_state_labels(w);
	for (uint32_t i = 0; i < p->sample_count && !w->error; i++) {
		const struct profile_sample *sample = &p->samples[w->samples[i]];

		if (i + AHEAD < p->sample_count)
			__builtin_prefetch(&p->samples[w->samples[i + AHEAD]]);
		if (sample->stack != last)
			pack_locations(w, sample->stack);
		last = sample->stack;
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
			 loss_table[i].cost == LOSS_MENDED ? "mended" : "lost", loss_table[i].text,
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
	w->samples = calloc((size_t)w->profile->sample_count + 1, sizeof(*w->samples));
	w->thread_labels.ends =
		calloc((size_t)w->profile->thread_count + 1, sizeof(*w->thread_labels.ends));
	if (!w->gz || !w->texts.out || !w->texts.numbers || !w->samples || !w->thread_labels.ends)
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
	free(w->samples);
	free(w->locations_of_stack.data);
	free(w->values.data);
	free(w->thread_labels.bytes.data);
	free(w->thread_labels.ends);
	free(w->state_labels.bytes.data);
	free(w->state_labels.ends);
	pairs_free(&w->locations);
	pairs_free(&w->functions);
	pairs_free(&w->states);
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
