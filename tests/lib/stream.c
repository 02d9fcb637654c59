// SPDX-License-Identifier: MIT
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "losses.h"
#include "mem.h"
#include "sym_files.h"

#define RECORD_BYTES_MAX (sizeof(struct scope_stack) + SCOPE_MAX_FRAMES * 8)

enum field_kind {
	FIELD_NUMBER,
	FIELD_STATE,
	FIELD_KIND,
	FIELD_END,
	FIELD_REASON,
	FIELD_FLAGS,
	FIELD_TURN_FLAGS,
	FIELD_CAUSE,
	FIELD_COMM,
	FIELD_TAIL
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset, bytes;
};

struct record_type {
	const char *word;
	uint32_t type;
	size_t bytes;
	struct field fields[48];
};

#define F_KIND(record, name, member, kind)                                                         \
	{                                                                                          \
		name, kind, offsetof(struct record, member), sizeof(((struct record *)0)->member)  \
	}
#define F(record, member)     F_KIND(record, #member, member, FIELD_NUMBER)
#define F_AS(record, name, m) F_KIND(record, name, m, FIELD_NUMBER)

/* clang-format off */
/* One of the two places of an account: what its stacks' names begin with, and those of its times. */
#define F_WAITS(place, time, m) \
	F_AS(scope_thread, place "ustack", m.ustack), F_AS(scope_thread, place "kstack", m.kstack), \
	F_KIND(scope_thread, place "reason", m.reason, FIELD_REASON), \
	F_AS(scope_thread, place "thinning", m.thinning), \
	F_AS(scope_thread, time "off", m.off_ns), F_AS(scope_thread, time "off_count", m.off_count), \
	F_AS(scope_thread, time "runq", m.runq_ns), F_AS(scope_thread, time "runq_count", m.runq_count)

static const struct record_type record_types[] = {
	{ "stack", SCOPE_REC_STACK, sizeof(struct scope_stack), {
		F(scope_stack, id), F_AS(scope_stack, "time", time_ns), F(scope_stack, pid),
		F_KIND(scope_stack, "kind", kind, FIELD_KIND),
		F_KIND(scope_stack, "end", end, FIELD_END), { "ips", FIELD_TAIL, 0, 0 } } },
	{ "sum", SCOPE_REC_SUM, sizeof(struct scope_sum), {
		F(scope_sum, thread), F(scope_sum, ustack), F(scope_sum, kstack),
		F_KIND(scope_sum, "reason", reason, FIELD_REASON), F(scope_sum, thinning),
		F_AS(scope_sum, "off", off_ns), F(scope_sum, off_count),
		F_AS(scope_sum, "runq", runq_ns), F(scope_sum, runq_count) } },
	{ "ticks", SCOPE_REC_TICKS, sizeof(struct scope_ticks), {
		F(scope_ticks, thread), F(scope_ticks, ustack), F(scope_ticks, kstack),
		F(scope_ticks, count) } },
	{ "thread", SCOPE_REC_THREAD, sizeof(struct scope_thread), {
		F(scope_thread, thread), F(scope_thread, pid), F(scope_thread, tid),
		F_AS(scope_thread, "start_time", start_time_ns),
		F_KIND(scope_thread, "flags", flags, FIELD_FLAGS),
		F_KIND(scope_thread, "state", state, FIELD_STATE),
		F_AS(scope_thread, "born", born_ns), F_AS(scope_thread, "dead", dead_ns),
		F_AS(scope_thread, "since", since_ns), F_AS(scope_thread, "first", first_ns),
		F_AS(scope_thread, "on", total_ns[SCOPE_ON]),
		F_AS(scope_thread, "runq", total_ns[SCOPE_RUNQ]),
		F_AS(scope_thread, "off", total_ns[SCOPE_OFF]),
		F_AS(scope_thread, "init_on", init_ns[SCOPE_ON]),
		F_AS(scope_thread, "init_runq", init_ns[SCOPE_RUNQ]),
		F_AS(scope_thread, "init_off", init_ns[SCOPE_OFF]),
		F(scope_thread, switches),
		F_AS(scope_thread, "other_on", other_cpu_ns[SCOPE_ON]),
		F_AS(scope_thread, "other_runq", other_cpu_ns[SCOPE_RUNQ]),
		F_AS(scope_thread, "other_off", other_cpu_ns[SCOPE_OFF]),
		F_AS(scope_thread, "thinned_off", thinned_off_ns),
		F(scope_thread, thinned_off_count),
		F_AS(scope_thread, "thinned_runq", thinned_runq_ns),
		F(scope_thread, thinned_runq_count),
		F_WAITS("", "late_", here), F_WAITS("before_", "before_", before),
		F_KIND(scope_thread, "comm", comm, FIELD_COMM) } },
	{ "seen", SCOPE_REC_SEEN, sizeof(struct scope_seen), {
		F(scope_seen, pid), F(scope_seen, tid),
		F_AS(scope_seen, "start_time", start_time_ns),
		F_AS(scope_seen, "time", time_ns), F(scope_seen, ustack), F(scope_seen, kstack),
		F_KIND(scope_seen, "reason", reason, FIELD_REASON),
		F_KIND(scope_seen, "state", state, FIELD_STATE) } },
	{ "turn", SCOPE_REC_TURN, sizeof(struct scope_turn), {
		F(scope_turn, thread), F_AS(scope_turn, "start", start_ns),
		F_AS(scope_turn, "off", ns[SCOPE_OFF]), F_AS(scope_turn, "runq", ns[SCOPE_RUNQ]),
		F_AS(scope_turn, "on", ns[SCOPE_ON]), F_AS(scope_turn, "taken", taken_ns),
		F(scope_turn, ustack), F(scope_turn, kstack), F(scope_turn, waker),
		F_KIND(scope_turn, "reason", reason, FIELD_REASON),
		F_KIND(scope_turn, "flags", flags, FIELD_TURN_FLAGS) } },
	{ "hit", SCOPE_REC_HIT, sizeof(struct scope_hit), {
		F(scope_hit, thread), F_AS(scope_hit, "time", time_ns), F(scope_hit, ustack),
		F(scope_hit, kstack) } },
	{ "fork", SCOPE_REC_FORK, sizeof(struct scope_fork), {
		F_AS(scope_fork, "time", time_ns), F(scope_fork, pid), F(scope_fork, tid),
		F(scope_fork, ppid), F(scope_fork, ptid) } },
	{ "comm", SCOPE_REC_COMM, sizeof(struct scope_comm), {
		F_AS(scope_comm, "time", time_ns), F(scope_comm, pid), F(scope_comm, tid),
		F(scope_comm, exec), F_KIND(scope_comm, "comm", comm, FIELD_COMM) } },
	{ "exit", SCOPE_REC_EXIT, sizeof(struct scope_exit), {
		F_AS(scope_exit, "time", time_ns), F(scope_exit, pid), F(scope_exit, tid) } },
	{ "map", SCOPE_REC_MAP, sizeof(struct scope_map), {
		F_AS(scope_map, "time", time_ns), F(scope_map, start), F(scope_map, end),
		F_AS(scope_map, "off", file_off), F_AS(scope_map, "inode", file.inode),
		F_AS(scope_map, "dev_major", file.dev_major),
		F_AS(scope_map, "dev_minor", file.dev_minor),
		F_AS(scope_map, "generation", file.generation), F(scope_map, pid), F(scope_map, executable),
		{ "path", FIELD_TAIL, 0, 0 } } },
	{ "loss", SCOPE_REC_LOSS, sizeof(struct scope_loss_record), {
		F_KIND(scope_loss_record, "cause", cause, FIELD_CAUSE), F(scope_loss_record, count),
		F(scope_loss_record, ns) } },
	{ "window", SCOPE_REC_WINDOW, sizeof(struct scope_window), {
		F_AS(scope_window, "start", start_ns), F_AS(scope_window, "end", end_ns),
		F_AS(scope_window, "realtime", start_realtime_ns),
		F_AS(scope_window, "frequency", frequency_hz), F(scope_window, cpus),
		F_AS(scope_window, "min_block", min_block_ns),
		F_AS(scope_window, "idle", idle_ns) } },
};
/* clang-format on */

struct word {
	const char *name;
	uint32_t value;
};

static const struct word state_words[] = { { "on", SCOPE_ON },
					   { "runq", SCOPE_RUNQ },
					   { "off", SCOPE_OFF },
					   { "dead", SCOPE_DEAD },
					   { 0 } };
static const struct word kind_words[] = { { "user", SCOPE_STACK_USER },
					  { "kernel", SCOPE_STACK_KERNEL },
					  { 0 } };
static const struct word end_words[] = {
	{ "complete", SCOPE_END_COMPLETE }, { "truncated", SCOPE_END_TRUNCATED },
	{ "no_rule", SCOPE_END_NO_RULE },   { "unreadable", SCOPE_END_UNREADABLE },
	{ "unmapped", SCOPE_END_UNMAPPED }, { 0 },
};
static const struct word flag_words[] = {
	{ "kthread", SCOPE_THREAD_KTHREAD }, { "dead", SCOPE_THREAD_DEAD },
	{ "born", SCOPE_THREAD_BORN },	     { "no_event", SCOPE_THREAD_NO_EVENT },
	{ "lost", SCOPE_THREAD_LOST },	     { "thinned", SCOPE_THREAD_THINNED },
	{ 0 },
};
static const struct word turn_flag_words[] = {
	{ "first", SCOPE_TURN_FIRST },
	{ "short", SCOPE_TURN_SHORT },
	{ "thinned", SCOPE_TURN_THINNED },
	{ "other_on", SCOPE_TURN_OTHER_CPU(SCOPE_ON) },
	{ "other_runq", SCOPE_TURN_OTHER_CPU(SCOPE_RUNQ) },
	{ "other_off", SCOPE_TURN_OTHER_CPU(SCOPE_OFF) },
	{ 0 },
};
static const struct word reason_words[] = {
	{ "syscall", SCOPE_REASON_SYSCALL },	 { "compat", SCOPE_REASON_COMPAT },
	{ "fault", SCOPE_REASON_FAULT },	 { "d", SCOPE_REASON_D },
	{ "iowait", SCOPE_REASON_IOWAIT },	 { "stopped", SCOPE_REASON_STOPPED },
	{ "preempted", SCOPE_REASON_PREEMPTED }, { "kthread", SCOPE_REASON_KTHREAD },
	{ "short", SCOPE_REASON_SHORT },	 { 0 },
};

struct name {
	const char *image; /* path */
	uint64_t start, end;
	struct sym_name name;
};

static struct {
	ARRAY(struct name) names;
	ARRAY(char *) strings;
} loaded;

static char *keep(const char *string)
{
	return *array_push(&loaded.strings) = mem_copy_string(string);
}

void stream_unload(void)
{
	for (size_t i = 0; i < loaded.strings.count; i++)
		free(loaded.strings.items[i]);
	array_free(&loaded.strings);
	array_free(&loaded.names);
}

/* --- values ----------------------------------------------------------------------------------- */

/* A number with a unit of time: 5, 0x1f, 20us, 3ms, 4s; several are added: 1s+3ms. */
static bool parse_number(const char *text, uint64_t *ret_value)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} units[] = {
		{ "ns", 1 }, { "us", NSEC_PER_USEC }, { "ms", NSEC_PER_MSEC }, { "s", NSEC_PER_SEC }
	};
	uint64_t sum = 0;

	for (;;) {
		char *end;
		uint64_t value = strtoull(text, &end, 0);

		if (end == text)
			return false;
		for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
			size_t length = strlen(units[i].suffix);

			if (strncmp(end, units[i].suffix, length) != 0)
				continue;
			value *= units[i].factor;
			end += length;
			break;
		}
		sum += value;
		if (*end == '\0') {
			*ret_value = sum;
			return true;
		}
		if (*end != '+')
			return false;
		text = end + 1;
	}
}

/* Words and numbers, joined by '+', or-ed together: syscall+202. */
static bool parse_words(const struct word *words, const char *text, uint64_t *ret_value)
{
	uint64_t bits = 0;

	while (*text) {
		size_t length = strcspn(text, "+");
		const struct word *w = words;
		char number[32];
		uint64_t value;

		while (w->name && (strlen(w->name) != length || memcmp(w->name, text, length) != 0))
			w++;
		snprintf(number, sizeof(number), "%.*s", (int)length, text);
		if (w->name)
			value = w->value;
		else if (!parse_number(number, &value))
			return false;
		bits |= value;
		text += length + (text[length] == '+');
	}
	*ret_value = bits;
	return true;
}

static bool parse_cause(const char *text, uint64_t *ret_value)
{
	for (uint32_t i = 0; i < SCOPE_LOSS_COUNT; i++) {
		if (strcmp(loss_table[i].key, text) != 0)
			continue;
		*ret_value = i;
		return true;
	}
	return false;
}

static bool parse_field(const struct field *field, const char *text, uint64_t *ret_value)
{
	switch (field->kind) {
	case FIELD_STATE:
		return parse_words(state_words, text, ret_value);
	case FIELD_KIND:
		return parse_words(kind_words, text, ret_value);
	case FIELD_END:
		return parse_words(end_words, text, ret_value);
	case FIELD_REASON:
		return parse_words(reason_words, text, ret_value);
	case FIELD_FLAGS:
		return parse_words(flag_words, text, ret_value);
	case FIELD_TURN_FLAGS:
		return parse_words(turn_flag_words, text, ret_value);
	case FIELD_CAUSE:
		return parse_cause(text, ret_value);
	default:
		return parse_number(text, ret_value);
	}
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Undoes \n \t \" \\ and \xHH in place; returns where the closing quote stood. NULL: none. */
static char *unquote(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		if (*from == '"') {
			*to = '\0';
			return from;
		}
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		from++;
		if (*from == 'x' && from[1] && from[2]) {
			const char hex[3] = { from[1], from[2], '\0' };

			*to++ = (char)strtoul(hex, NULL, 16);
			from += 2;
		} else if (*from) {
			*to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from;
		} else {
			break;
		}
	}
	return NULL;
}

/* The next `key=value` or bare word (value ""). False at the end; *cursor NULL: malformed. */
static bool next_pair(char **cursor, char **ret_key, char **ret_value)
{
	char *at = *cursor + strspn(*cursor, " \t"), *end;
	static char empty[1];

	if (!*at || *at == '#')
		return false;
	*ret_key = at;
	*ret_value = empty;
	at += strcspn(at, "= \t");
	if (*at != '=') {
		*cursor = *at ? at + 1 : at;
		*at = '\0';
		return true;
	}
	*at++ = '\0';
	*ret_value = at;
	if (*at == '"') {
		*ret_value = at + 1;
		end = unquote(at + 1);
		*cursor = end ? end + 1 : NULL;
		return end != NULL;
	}
	end = at + strcspn(at, " \t");
	*cursor = *end ? end + 1 : end;
	*end = '\0';
	return true;
}

/* The part of a stack or mapping after its fixed fields. False: malformed or too long. */
static bool set_tail(unsigned char *record, const struct record_type *type, const char *text,
		     size_t *bytes)
{
	struct scope_stack *stack = (struct scope_stack *)record;
	struct scope_map *map = (struct scope_map *)record;

	if (type->type == SCOPE_REC_MAP) {
		map->path_len = (__u16)strlen(text);
		if (strlen(text) > 4096)
			return false;
		memcpy(map->path, text, map->path_len + 1u);
		*bytes = (sizeof(*map) + map->path_len + 1u + 7) & ~(size_t)7;
		return true;
	}
	while (*text) {
		char *end;

		if (stack->count == SCOPE_MAX_FRAMES)
			return false;
		stack->ips[stack->count++] = strtoull(text, &end, 0);
		if (end == text || (*end && *end != ','))
			return false;
		text = *end ? end + 1 : end;
	}
	*bytes = sizeof(*stack) + stack->count * sizeof(stack->ips[0]);
	return true;
}

static bool set_field(unsigned char *record, const struct record_type *type, const char *key,
		      const char *text, size_t *bytes)
{
	const struct field *field = type->fields;
	uint64_t value;

	while (field->key && strcmp(field->key, key) != 0)
		field++;
	if (!field->key)
		return false;
	if (field->kind == FIELD_TAIL)
		return set_tail(record, type, text, bytes);
	if (field->kind == FIELD_COMM) {
		memcpy(record + field->offset, text,
		       strnlen(text, field->bytes)); /* may fill all of it */
		return true;
	}
	if (!parse_field(field, text, &value))
		return false;
	memcpy(record + field->offset, &value, field->bytes); /* little-endian */
	return true;
}

static bool take_record(const struct record_type *type, char *rest, struct ingest *ingest)
{
	uint64_t space[RECORD_BYTES_MAX / 8] = { 0 };
	unsigned char *record = (unsigned char *)space;
	size_t bytes = type->type == SCOPE_REC_MAP ? type->bytes + 8 : type->bytes;
	struct scope_record head = { .type = type->type };
	char *key, *value;

	if (type->type == SCOPE_REC_MAP)
		((struct scope_map *)record)->executable = 1;
	while (next_pair(&rest, &key, &value))
		if (!set_field(record, type, key, value, &bytes))
			return false;
	if (!rest)
		return false;
	head.size = (uint32_t)bytes;
	memcpy(record, &head, sizeof(head));
	return ingest_record(ingest, record, bytes) == 0;
}

static bool take_config(char *rest, struct profile_config *config)
{
	char *key, *value;

	while (next_pair(&rest, &key, &value)) {
		if (strcmp(key, "target") == 0) {
			config->target = keep(value);
		} else if (strcmp(key, "system_wide") == 0) {
			config->system_wide = true;
		} else if (strcmp(key, "timeline") == 0) {
			config->timeline = true;
		} else if (strcmp(key, "states") == 0) {
			for (uint32_t i = 0; i < SCOPE_STATES; i++)
				config->states[i] = strstr(value, state_words[i].name) != NULL;
		} else if (strcmp(key, "stacks") == 0) {
			config->user_stacks = strstr(value, "user") != NULL;
			config->kernel_stacks = strstr(value, "kernel") != NULL;
		} else {
			return false;
		}
	}
	return rest != NULL;
}

static bool take_name(char *rest)
{
	struct name *name = array_push(&loaded.names);
	uint64_t size = 1, line = 0;
	char *key, *value;
	bool good = true;

	name->image = "";
	while (next_pair(&rest, &key, &value)) {
		if (strcmp(key, "image") == 0)
			name->image = keep(value);
		else if (strcmp(key, "addr") == 0)
			good &= parse_number(value, &name->start);
		else if (strcmp(key, "size") == 0)
			good &= parse_number(value, &size);
		else if (strcmp(key, "name") == 0)
			name->name.name = keep(value);
		else if (strcmp(key, "file") == 0)
			name->name.file = keep(value);
		else if (strcmp(key, "line") == 0)
			good &= parse_number(value, &line);
		else
			good = false;
	}
	name->end = name->start + size;
	name->name.line = (uint32_t)line;
	name->name.name_length = name->name.name ? strlen(name->name.name) : 0;
	return good && rest && name->name.name;
}

static bool take_line(char *line, struct ingest *ingest, struct profile_config *config)
{
	char *word, *value;

	if (!next_pair(&line, &word, &value))
		return line != NULL;
	if (strcmp(word, "config") == 0)
		return take_config(line, config);
	if (strcmp(word, "name") == 0)
		return take_name(line);
	for (size_t i = 0; i < ARRAY_SIZE(record_types); i++)
		if (strcmp(word, record_types[i].word) == 0)
			return take_record(&record_types[i], line, ingest);
	return false;
}

/* --- the stream's names, as a symbol source --------------------------------------------------- */

static int names_open(struct sym_files *files, void **ret_state)
{
	const struct image *image = sym_files_image(files);

	for (size_t i = 0; i < loaded.names.count; i++) {
		if (strcmp(loaded.names.items[i].image, image->path) != 0)
			continue;
		*ret_state = (void *)image->path;
		return 0;
	}
	return -ENOENT;
}

/* Innermost first: in the order of the lines. */
static size_t names_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < loaded.names.count && count < max; i++) {
		const struct name *name = &loaded.names.items[i];

		if (vaddr >= name->start && vaddr < name->end && strcmp(name->image, state) == 0)
			ret_names[count++] = name->name;
	}
	return count;
}

static void names_close(void *state)
{
	(void)state;
}

static const struct symsource names_source = { "stream", names_open, names_resolve, names_close, NULL };
static const struct symsource *const names_sources[] = { &names_source, NULL };

/* --- whole streams ---------------------------------------------------------------------------- */

int stream_load_text(const char *name, const char *text, struct ingest *ingest,
		     struct profile_config *ret_config)
{
	_cleanup_free_ char *copy = mem_copy_string(text);
	char *line = copy;

	stream_unload();
	*ret_config = (struct profile_config){
		.states = { true, true, true },
		.user_stacks = true,
		.kernel_stacks = true,
		.target = "a test",
		.symbols.sources = names_sources,
	};
	for (unsigned int number = 1; line; number++) {
		char *next = strchr(line, '\n');

		if (next)
			*next++ = '\0';
		if (!take_line(line, ingest, ret_config)) {
			fprintf(stderr, "%s:%u: malformed, or refused by the sink\n", name, number);
			return -EINVAL;
		}
		line = next;
	}
	return 0;
}

int stream_load(const char *path, struct ingest *ingest, struct profile_config *ret_config)
{
	_cleanup_free_ char *text = NULL;
	size_t room = 0;
	ssize_t length;
	FILE *in = fopen(path, "re");

	if (!in) {
		int ret = -errno;

		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
		return ret;
	}
	length = getdelim(&text, &room, '\0', in);
	fclose(in);
	return stream_load_text(path, length < 0 ? "" : text, ingest, ret_config);
}

static struct profile *build(int ret, struct ingest *ingest, const struct profile_config *config)
{
	struct profile *profile = ret ? NULL : profile_build(ingest, config);

	ingest_free(&ingest);
	stream_unload();
	return profile;
}

struct profile *stream_profile(const char *path)
{
	struct ingest *ingest = ingest_new();
	struct profile_config config;

	return build(stream_load(path, ingest, &config), ingest, &config);
}

struct profile *stream_profile_text(const char *text)
{
	struct ingest *ingest = ingest_new();
	struct profile_config config;

	return build(stream_load_text("text", text, ingest, &config), ingest, &config);
}
