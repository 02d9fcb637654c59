// SPDX-License-Identifier: MIT
/* Options together, then the machine: do these processes, CPUs and limits exist? */
#include "opts_draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debuginfod.h"
#include "value.h"

#define DEFAULT_DURATION_NS  (30 * NSEC_PER_SEC)
#define DEFAULT_MAX_STACK    256
#define DEFAULT_FREQUENCY_HZ 49 /* not a divisor of anything that runs by a round number of Hz */

static const enum option_id target_options[] = { OPTION_PID, OPTION_TID, OPTION_COMM, OPTION_CGROUP,
						 OPTION_ALL };

/* At most one of each row. */
static const struct {
	enum option_id a, b;
	const char *why;
} exclusive[] = {
	{ OPTION_USER_STACKS, OPTION_KERNEL_STACKS, "together they leave no frame; drop one" },
	{ OPTION_KERNEL_STACKS, OPTION_MAX_STACK, "without user frames there is no limit; drop one" },
	{ OPTION_USER_THREADS, OPTION_KERNEL_THREADS, "together they leave no thread; drop one" },
	{ OPTION_PER_THREAD, OPTION_PER_PROCESS, "choose one root" },
	{ OPTION_QUIET, OPTION_VERBOSE, "choose one" },
	{ OPTION_INLINE, OPTION_NO_INLINE, "choose one" },
};

static int check_target(struct draft *draft, struct err *err)
{
	struct config *config = &draft->opts.config;
	enum option_id first = OPTION_COUNT;

	for (size_t i = 0; i < ARRAY_SIZE(target_options); i++) {
		enum option_id id = target_options[i];

		if (!draft->seen[id])
			continue;
		if (first != OPTION_COUNT)
			return err_set(err, EXIT_CODE_USAGE, -EINVAL,
				       "--%s and --%s: choose one target",
				       option_table[first].name, option_table[id].name);
		first = id;
	}
	config->argv = draft->argv;
	config->target = first == OPTION_PID	  ? TARGET_PIDS
			 : first == OPTION_TID	  ? TARGET_TIDS
			 : first == OPTION_COMM	  ? TARGET_COMM
			 : first == OPTION_CGROUP ? TARGET_CGROUP
			 : first == OPTION_ALL	  ? TARGET_ALL
			 : draft->argv		  ? TARGET_COMMAND
						  : TARGET_ALL;
	config->system_wide = config->target == TARGET_ALL;
	if (config->children && config->target != TARGET_PIDS && config->target != TARGET_COMMAND)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--children goes with --pid: give one, or drop it");
	config->children |= config->target == TARGET_COMMAND;
	if (config->user && !draft->argv)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--user is for a COMMAND: add it, as in --user %s -- make",
			       config->user);
	return 0;
}

static int check_together(const struct draft *draft, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(exclusive); i++) {
		if (draft->seen[exclusive[i].a] && draft->seen[exclusive[i].b])
			return err_set(err, EXIT_CODE_USAGE, -EINVAL, "--%s and --%s: %s",
				       option_table[exclusive[i].a].name,
				       option_table[exclusive[i].b].name, exclusive[i].why);
	}
	return 0;
}

static void complete_config(struct draft *draft)
{
	struct config *config = &draft->opts.config;

	config->user_stacks = !draft->seen[OPTION_KERNEL_STACKS];
	config->kernel_stacks = !draft->seen[OPTION_USER_STACKS];
	config->user_threads = !draft->seen[OPTION_KERNEL_THREADS];
	config->kernel_threads = !draft->seen[OPTION_USER_THREADS];
	memcpy(config->states, draft->opts.command->states, sizeof(config->states));
	if (!draft->seen[OPTION_DURATION] && !draft->argv)
		config->duration_ns = DEFAULT_DURATION_NS;
	if (!draft->seen[OPTION_MAX_STACK])
		config->max_stack = DEFAULT_MAX_STACK;
	if (!draft->seen[OPTION_FREQUENCY])
		config->frequency_hz = DEFAULT_FREQUENCY_HZ;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The config takes the list over: sorted, each once. */
static void take_ids(struct draft *draft)
{
	uint32_t *ids = draft->ids.items;
	size_t count = 0;

	if (draft->ids.count)
		qsort(ids, draft->ids.count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < draft->ids.count; i++) {
		if (!count || ids[count - 1] != ids[i])
			ids[count++] = ids[i];
	}
	draft->opts.config.ids = ids;
	draft->opts.config.id_count = count;
	draft->ids.items = NULL;
	draft->ids.count = draft->ids.room = 0;
}

/* The process that thread `tid` belongs to; 0: there is no such thread. */
static uint32_t read_tgid(const struct opts_world *world, uint32_t tid)
{
	_cleanup_free_ char *path = mem_format("%s/%u/status", world->proc, tid);
	FILE *file = fopen(path, "re");
	unsigned int tgid = 0;
	char line[256];

	if (!file)
		return 0;
	while (!tgid && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Tgid: %u", &tgid) != 1)
			tgid = 0;
	}
	fclose(file);
	return tgid;
}

/* /proc/N opens for a thread as well, though it is not listed there. */
static int check_ids(const struct draft *draft, struct err *err)
{
	const struct config *config = &draft->opts.config;

	for (size_t i = 0; i < config->id_count; i++) {
		uint32_t id = config->ids[i], tgid = read_tgid(draft->world, id);

		if (!tgid)
			return err_set(err, EXIT_CODE_FAILURE, -ESRCH,
				       "--%s %u: no such %s: see ps -e%s",
				       config->target == TARGET_PIDS ? "pid" : "tid", id,
				       config->target == TARGET_PIDS ? "process" : "thread",
				       config->target == TARGET_PIDS ? "" : "L");
		if (config->target == TARGET_PIDS && tgid != id)
			return err_set(err, EXIT_CODE_FAILURE, -ESRCH,
				       "--pid %u: it is a thread of process %u: use --tid %u, or "
				       "--pid %u for all its threads", id, tgid, id, tgid);
	}
	return 0;
}

/* First line of a small file; false if it cannot be read. */
static bool read_line(const char *directory, const char *name, char *line, size_t size)
{
	_cleanup_free_ char *path = mem_format("%s/%s", directory, name);
	FILE *file = fopen(path, "re");
	bool found;

	if (!file)
		return false;
	found = fgets(line, (int)size, file) != NULL;
	fclose(file);
	line[strcspn(line, "\n")] = 0;
	return found;
}

static int check_frequency(const struct draft *draft, struct err *err)
{
	uint32_t wanted = draft->opts.config.frequency_hz;
	char line[64];
	uint64_t max;

	/* Where the limit cannot be read, the kernel has the last word when the event is opened. */
	if (!draft->frequency ||
	    !read_line(draft->world->proc, "sys/kernel/perf_event_max_sample_rate", line,
		       sizeof(line)) ||
	    value_parse_number(line, strlen(line), UINT32_MAX - 1, &max) || wanted <= max)
		return 0;
	return err_set(err, EXIT_CODE_FAILURE, -ERANGE,
		       "--frequency %s: this kernel allows up to %llu Hz; to raise that: "
		       "sysctl kernel.perf_event_max_sample_rate=N",
		       draft->frequency, (unsigned long long)max);
}

static int check_cpus(struct draft *draft, struct err *err)
{
	const char *list = draft->cpus;
	char possible_text[4096], online_text[4096];
	_cleanup_free_ bool *wanted = mem_alloc_array(SCOPE_MAX_CPUS, sizeof(*wanted));
	_cleanup_free_ bool *possible = mem_alloc_array(SCOPE_MAX_CPUS, sizeof(*possible));
	_cleanup_free_ bool *online = mem_alloc_array(SCOPE_MAX_CPUS, sizeof(*online));

	if (!list)
		return 0;
	if (value_parse_cpu_list(list, wanted, SCOPE_MAX_CPUS))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--cpu %s: not a list of CPUs: give 0 or 0-3,7", list);
	if (!read_line(draft->world->sys, "devices/system/cpu/possible", possible_text,
		       sizeof(possible_text)) ||
	    !read_line(draft->world->sys, "devices/system/cpu/online", online_text,
		       sizeof(online_text)) ||
	    value_parse_cpu_list(possible_text, possible, SCOPE_MAX_CPUS) ||
	    value_parse_cpu_list(online_text, online, SCOPE_MAX_CPUS))
		return err_set(err, EXIT_CODE_FAILURE, -ENOENT,
			       "cannot read which CPUs there are from %s/devices/system/cpu",
			       draft->world->sys);
	for (unsigned int cpu = 0; cpu < SCOPE_MAX_CPUS; cpu++) {
		if (wanted[cpu] && !possible[cpu])
			return err_set(err, EXIT_CODE_FAILURE, -ENODEV,
				       "--cpu %s: there is no CPU %u: this machine has %s", list,
				       cpu, online_text);
		if (wanted[cpu] && !online[cpu])
			return err_set(err, EXIT_CODE_FAILURE, -ENODEV,
				       "--cpu %s: CPU %u is offline; online are %s", list, cpu,
				       online_text);
	}
	draft->opts.config.cpus = wanted;
	wanted = NULL;
	return 0;
}

static int check_symbolize(struct draft *draft, struct err *err)
{
	struct opts_symbolize *symbolize = &draft->opts.symbolize;

	if (!symbolize->exe || !symbolize->exe[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "symbolize needs the file whose addresses these are: -e FILE");
	symbolize->words = draft->words.items;
	symbolize->word_count = draft->words.count;
	draft->words.items = NULL;
	draft->words.count = draft->words.room = 0;
	return 0;
}

static int check_kept(const struct draft *draft, struct err *err)
{
	const char *command = draft->opts.command->name;

	if (draft->opts.file && draft->opts.file[0])
		return 0;
	return err_set(err, EXIT_CODE_USAGE, -EINVAL,
		       "%s needs a capture that was kept: systemscope %s FILE.scope", command,
		       command);
}

/* Not every format can say what changed. */
static int check_diff(struct draft *draft, struct err *err)
{
	const struct config *config = &draft->opts.config;
	int r;

	if (!draft->opts.after || !draft->opts.after[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "diff needs two captures that were kept: systemscope diff "
			       "BEFORE.scope AFTER.scope");
	r = draft_resolve_outputs(draft, err);
	if (!r && !config->output_count)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "diff on a terminal: name a file, as in -o diff.svg, or say "
			       "--output folded");
	for (size_t i = 0; !r && i < config->output_count; i++) {
		const struct exporter *exporter = config->outputs[i].exporter;

		if (!exporter->write_diff)
			r = err_set(err, EXIT_CODE_USAGE, -EINVAL,
				    "%s cannot show a difference: write it as svg or folded",
				    exporter->name);
	}
	return r;
}

static int check_capture(struct draft *draft, struct err *err)
{
	struct config *config = &draft->opts.config;
	char *cgroup_path = NULL;
	int r;

	complete_config(draft);
	r = draft_resolve_outputs(draft, err);
	for (size_t i = 0; !r && i < config->output_count; i++)
		config->timeline |= config->outputs[i].exporter->needs_timeline;
	if (!r)
		r = check_frequency(draft, err);
	if (!r)
		r = check_cpus(draft, err);
	if (r)
		return r;
	take_ids(draft);
	r = check_ids(draft, err);
	if (!r && draft->cgroup) {
		r = cgroup_resolve(draft->world, draft->cgroup, &cgroup_path, err);
		config->cgroup_path = cgroup_path;
	}
	return r;
}

int draft_check(struct draft *draft, struct err *err)
{
	unsigned int command = draft->opts.command->bit;
	int r = 0;

	if (command & FOR_CAPTURE)
		r = check_target(draft, err);
	if (!r)
		r = check_together(draft, err);
	if (!r && command & FOR_CAPTURE)
		r = check_capture(draft, err);
	if (!r && command & (FOR_EXPORT | FOR_REPORT))
		r = check_kept(draft, err);
	if (!r && command == FOR_DIFF)
		r = check_diff(draft, err);
	if (!r && command & FOR_EXPORT)
		r = draft_resolve_outputs(draft, err);
	if (!r && command & FOR_SYMBOLIZE)
		r = check_symbolize(draft, err);
	if (!r && draft->seen[OPTION_DEBUGINFOD])
		r = debuginfod_open(&draft->opts.config.symbols.debuginfod, err);
	return r;
}
