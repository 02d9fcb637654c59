// SPDX-License-Identifier: MIT
/* One option at a time: its text becomes a value, as far as the text alone can tell. */
#include "opts_draft.h"

#include <errno.h>
#include <string.h>

#include "value.h"

#define MIN_BLOCK_MAX_US (3600ull * 1000000)

static const char *option_name(enum option_id id)
{
	return option_table[id].name;
}

static int apply_ids(struct draft *draft, enum option_id id, const char *value, struct err *err)
{
	const char *name = option_name(id);

	for (const char *text = value;;) {
		size_t length = strcspn(text, ",");
		uint64_t number;
		int r = value_parse_number(text, length, SCOPE_MEMBER_SIZE, &number);

		if (r == -EINVAL && length && id == OPTION_PID &&
		    !memchr("0123456789-+", text[0], 12))
			return err_set(err, EXIT_CODE_USAGE, r,
				       "--pid %s: %.*s is not a number: did you mean --comm %.*s?",
				       value, (int)length, text, (int)length, text);
		if (r == -EINVAL)
			return err_set(err, EXIT_CODE_USAGE, r,
				       "--%s %s: '%.*s' is not a number: give 1234 or 12,34", name,
				       value, (int)length, text);
		if (r || !number)
			return err_set(err, EXIT_CODE_USAGE, -ERANGE,
				       "--%s %s: no such number: the kernel's go from 1 to %u",
				       name, value, SCOPE_MEMBER_SIZE);
		*array_push(&draft->ids) = (uint32_t)number;
		if (!text[length])
			return 0;
		text += length + 1;
	}
}

static int apply_comm(struct draft *draft, const char *value, struct err *err)
{
	if (!value[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--comm: an empty name: give the one that ps -o comm shows");
	if (strlen(value) >= SCOPE_COMM_LEN)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--comm %s: the kernel keeps %d characters of a name: did you mean "
			       "--comm %.*s?", value, SCOPE_COMM_LEN - 1, SCOPE_COMM_LEN - 1,
			       value);
	draft->opts.config.comm = value;
	return 0;
}

static int apply_duration(struct draft *draft, const char *value, struct err *err)
{
	int r = value_parse_time(value, &draft->opts.config.duration_ns);

	if (r == -ERANGE)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--duration %s: out of range: from 1 ns to 366 days (8784h); 0 runs "
			       "until Ctrl-C", value);
	if (r)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--duration %s: not a time: give seconds (30, 0.5) or 500ms, 2m, 1h",
			       value);
	return 0;
}

static int apply_frequency(struct draft *draft, const char *value, struct err *err)
{
	uint64_t number;
	int r = value_parse_number(value, strlen(value), UINT32_MAX, &number);

	if (r == -EINVAL)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--frequency %s: not a number: give a whole number of Hz, as in 99",
			       value);
	if (!r && !number)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--frequency 0: at least 1; for blocked time only, use systemscope "
			       "offcpu");
	draft->frequency = value;
	draft->opts.config.frequency_hz = r ? UINT32_MAX : (uint32_t)number;
	return 0;
}

static int apply_min_block(struct draft *draft, const char *value, struct err *err)
{
	uint64_t number;
	int r = value_parse_number(value, strlen(value), MIN_BLOCK_MAX_US, &number);

	if (r == -ERANGE)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--min-block-us %s: too large: at most %llu (an hour)", value,
			       MIN_BLOCK_MAX_US);
	if (r)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--min-block-us %s: not a number: give a whole number of "
			       "microseconds, as in 1000", value);
	draft->opts.config.min_block_ns = number * NSEC_PER_USEC;
	return 0;
}

static int apply_max_overhead(struct draft *draft, const char *value, struct err *err)
{
	uint32_t ppm = 0;
	int r = value_parse_percent(value, &ppm);

	if (!r && !ppm)
		r = -ERANGE;
	if (r == -ERANGE)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--max-overhead %s: give from 0.0001 to 100 percent", value);
	if (r)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--max-overhead %s: not a share: give percent, as in 1 or 0.5", value);
	draft->opts.config.max_overhead_ppm = ppm;
	return 0;
}

static int apply_max_stack(struct draft *draft, const char *value, struct err *err)
{
	uint64_t number;
	int r = value_parse_number(value, strlen(value), SCOPE_MAX_FRAMES, &number);

	if (r == -EINVAL)
		return err_set(err, EXIT_CODE_USAGE, r,
			       "--max-stack %s: not a number: give a whole number of frames, as in "
			       "512", value);
	if (r || !number)
		return err_set(err, EXIT_CODE_USAGE, -ERANGE,
			       "--max-stack %s: out of range: from 1 to %d frames", value,
			       SCOPE_MAX_FRAMES);
	draft->opts.config.max_stack = (uint32_t)number;
	return 0;
}

static int apply_color(struct draft *draft, const char *value, struct err *err)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(value, names[i])) {
			draft->opts.config.color = (enum color_when)i;
			return 0;
		}
	}
	return err_set(err, EXIT_CODE_USAGE, -EINVAL, "--color %s: give auto, always or never",
		       value);
}

/* A name with a dot or a slash is a file's: --output stacks.json means -o stacks.json. */
static int apply_output(struct draft *draft, const char *value, struct err *err)
{
	if (!value[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--output: an empty name: give a format, as in --output json");
	if (strpbrk(value, "./")) {
		*array_push(&draft->files) = value;
		return 0;
	}
	if (draft->format && strcmp(draft->format, value) != 0)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--output %s and --output %s: choose one, or write files: -o FILE "
			       "-o FILE", draft->format, value);
	draft->format = value;
	return 0;
}

static int apply_output_dir(struct draft *draft, const char *value, struct err *err)
{
	if (!value[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--output-dir: an empty name: give a directory's");
	draft->opts.config.output_dir = value;
	return 0;
}

/* Two different values of these would leave one of them silently unheard. */
static int check_once(const struct draft *draft, enum option_id id, struct err *err)
{
	if (!draft->seen[id])
		return 0;
	return err_set(err, EXIT_CODE_USAGE, -EINVAL, "--%s was given twice: one is all it takes",
		       option_name(id));
}

/* What an option without a value sets; NULL: nothing here, draft_check() looks at `seen`. */
static bool *flag_of(struct opts *opts, enum option_id id)
{
	switch (id) {
	case OPTION_CHILDREN:
		return &opts->config.children;
	case OPTION_TIMELINE:
		return &opts->config.timeline;
	case OPTION_PER_THREAD:
		return &opts->config.export.per_thread;
	case OPTION_PER_PROCESS:
		return &opts->config.export.per_process;
	case OPTION_ANNOTATE:
		return &opts->config.export.annotate;
	case OPTION_LINES:
		return &opts->config.export.lines;
	case OPTION_QUIET:
		return &opts->config.quiet;
	case OPTION_ADDRESSES:
		return &opts->symbolize.addresses;
	case OPTION_BASENAMES:
		return &opts->symbolize.basenames;
	case OPTION_NO_INLINE:
		return &opts->config.symbols.without_inlined;
	case OPTION_NO_DEMANGLE:
		return &opts->config.symbols.keep_mangled;
	case OPTION_MAN:
		return &opts->man;
	case OPTION_BASH_COMPLETION:
		return &opts->bash_completion;
	case OPTION_HELP:
		return &opts->help;
	case OPTION_VERSION:
		return &opts->version;
	default:
		return NULL;
	}
}

int draft_apply(struct draft *draft, enum option_id id, const char *value, struct err *err)
{
	struct config *config = &draft->opts.config;
	bool *flag = flag_of(&draft->opts, id);
	int r = 0;

	if (flag)
		*flag = true;
	switch (id) {
	case OPTION_PID:
	case OPTION_TID:
		r = apply_ids(draft, id, value, err);
		break;
	case OPTION_COMM:
		r = check_once(draft, id, err);
		if (!r)
			r = apply_comm(draft, value, err);
		break;
	case OPTION_CGROUP:
		r = check_once(draft, id, err);
		draft->cgroup = value;
		break;
	case OPTION_USER:
		config->user = value;
		break;
	case OPTION_DURATION:
		r = apply_duration(draft, value, err);
		break;
	case OPTION_FREQUENCY:
		r = apply_frequency(draft, value, err);
		break;
	case OPTION_MIN_BLOCK:
		r = apply_min_block(draft, value, err);
		break;
	case OPTION_MAX_STACK:
		r = apply_max_stack(draft, value, err);
		break;
	case OPTION_MAX_OVERHEAD:
		r = apply_max_overhead(draft, value, err);
		break;
	case OPTION_CPU:
		draft->cpus = value;
		break;
	case OPTION_FILE:
		*array_push(&draft->files) = value;
		break;
	case OPTION_OUTPUT:
		r = apply_output(draft, value, err);
		break;
	case OPTION_OUTPUT_DIR:
		r = check_once(draft, id, err);
		if (!r)
			r = apply_output_dir(draft, value, err);
		break;
	case OPTION_COLOR:
		r = apply_color(draft, value, err);
		break;
	case OPTION_EXE:
		r = check_once(draft, id, err);
		draft->opts.symbolize.exe = value;
		break;
	case OPTION_VERBOSE:
		config->verbose++;
		break;
	default:
		break;
	}
	draft->seen[id] = true;
	return r;
}
