// SPDX-License-Identifier: MIT
/* argv against a machine made of files: every option, and every way to get one wrong. */
#include "opts.h"

#include "check.h"
#include "mem.h"
#include "scratch.h"
#include "value.h"

#define WORDS_MAX 16

static struct opts_world world;
static struct opts opts;
static struct err err;

/* Words are split at spaces. */
static int parse(const char *line)
{
	static char text[512];
	static char *words[WORDS_MAX + 2];
	int count = 1;
	char *save = NULL;

	opts_free(&opts);
	err = (struct err){ 0 };
	snprintf(text, sizeof(text), "%s", line);
	words[0] = (char[]){ "systemscope" };
	for (char *word = strtok_r(text, " ", &save); word && count <= WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	words[count] = NULL;
	return opts_parse(count, words, &world, &opts, &err);
}

#define CHECK_PARSES(line)                                                                         \
	do {                                                                                       \
		if (parse(line))                                                                   \
			check_fail(__FILE__, __LINE__, "%s: %s", line, err.message);               \
	} while (0)

#define CHECK_REFUSED(line, want_code, want_message)                                               \
	do {                                                                                       \
		if (!parse(line))                                                                  \
			check_fail(__FILE__, __LINE__, "%s: was taken", line);                     \
		else if (err.code != (want_code) || strcmp(err.message, want_message) != 0)        \
			check_fail(__FILE__, __LINE__, "%s: %d %s", line, err.code, err.message);  \
	} while (0)

#define CHECK_USAGE(line, message) CHECK_REFUSED(line, EXIT_CODE_USAGE, message)

static void defaults(void)
{
	CHECK_PARSES("");
	CHECK(opts.command == &command_profile);
	CHECK_INT(opts.config.target, TARGET_ALL);
	CHECK(opts.config.system_wide);
	CHECK_INT(opts.config.duration_ns, 30 * NSEC_PER_SEC);
	CHECK_INT(opts.config.frequency_hz, 49);
	CHECK_INT(opts.config.min_block_ns, 0);
	CHECK_INT(opts.config.max_stack, 256);
	CHECK(opts.config.user_stacks && opts.config.kernel_stacks);
	CHECK(opts.config.user_threads && opts.config.kernel_threads);
	CHECK(!opts.config.cpus && !opts.config.argv && !opts.config.quiet);
	CHECK_INT(opts.config.output_count, 1);
	CHECK(!opts.config.outputs[0].path);
	CHECK_TEXT(opts.config.outputs[0].exporter->name, "folded");
}

static void commands_set_states(void)
{
	CHECK_PARSES("profile");
	CHECK(opts.config.states[SCOPE_ON] && opts.config.states[SCOPE_RUNQ] &&
	      opts.config.states[SCOPE_OFF]);
	CHECK_PARSES("oncpu");
	CHECK(opts.config.states[SCOPE_ON] && !opts.config.states[SCOPE_RUNQ] &&
	      !opts.config.states[SCOPE_OFF]);
	CHECK_PARSES("offcpu");
	CHECK(!opts.config.states[SCOPE_ON] && opts.config.states[SCOPE_RUNQ] &&
	      opts.config.states[SCOPE_OFF]);
}

static void targets(void)
{
	CHECK_PARSES("--pid 20,10,20 -p 30");
	CHECK_INT(opts.config.target, TARGET_PIDS);
	CHECK_INT(opts.config.id_count, 3);
	CHECK_INT(opts.config.ids[0], 10);
	CHECK_INT(opts.config.ids[1], 20);
	CHECK_INT(opts.config.ids[2], 30);
	CHECK(!opts.config.system_wide && !opts.config.children);
	CHECK_PARSES("-p10 --children");
	CHECK(opts.config.children);
	CHECK_PARSES("--tid=11");
	CHECK_INT(opts.config.target, TARGET_TIDS);
	CHECK_INT(opts.config.ids[0], 11);
	CHECK_PARSES("--comm redis-server");
	CHECK_INT(opts.config.target, TARGET_COMM);
	CHECK_TEXT(opts.config.comm, "redis-server");
	CHECK_PARSES("-a");
	CHECK_INT(opts.config.target, TARGET_ALL);
}

static void commands_to_run(void)
{
	CHECK_PARSES("-q -- make -j2 --help");
	CHECK_INT(opts.config.target, TARGET_COMMAND);
	CHECK(opts.config.children && !opts.config.system_wide);
	CHECK_INT(opts.config.duration_ns, 0);
	CHECK_TEXT(opts.config.argv[2], "--help");
	CHECK(!opts.config.argv[3]);
	CHECK_PARSES("-a -- make");
	CHECK_INT(opts.config.target, TARGET_ALL);
	CHECK(opts.config.system_wide && opts.config.argv && !opts.config.children);
	CHECK_INT(opts.config.duration_ns, 0);
	CHECK_PARSES("-p 10 -- sleep 5");
	CHECK_INT(opts.config.target, TARGET_PIDS);
	CHECK(opts.config.argv);
	CHECK_PARSES("-d 2 --user nobody -- make");
	CHECK_INT(opts.config.duration_ns, 2 * NSEC_PER_SEC);
	CHECK_TEXT(opts.config.user, "nobody");
}

static void durations(void)
{
	static const struct {
		const char *line;
		nsec_t ns;
	} good[] = {
		{ "-d 30", 30 * NSEC_PER_SEC },
		{ "-d 0.5", NSEC_PER_SEC / 2 },
		{ "-d .25", NSEC_PER_SEC / 4 },
		{ "-d 500ms", NSEC_PER_SEC / 2 },
		{ "-d 1.5ms", 1500000 },
		{ "-d 10us", 10000 },
		{ "-d 7s", 7 * NSEC_PER_SEC },
		{ "-d 2m", 120 * NSEC_PER_SEC },
		{ "-d 0.1m", 6 * NSEC_PER_SEC },
		{ "--duration=1h", 3600 * NSEC_PER_SEC },
		{ "-d 0", 0 },
		{ "-d 0.000000001", 1 },
		{ "-d 8784h", VALUE_TIME_MAX_NS },
	};
	static const char *const bad[] = { "", "-5", "+5", "5x", "x", "1e3", ".",  "0x10",
					   "1,5", "5mss", "ms", "nan", "1..2" };
	static const char *const beyond[] = { "8784.1h", "8785h", "99999999999999999999", "0.0000000001",
					      "18446744073709551616", "31622401" };
	char line[64];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_PARSES(good[i].line);
		CHECK_INT(opts.config.duration_ns, good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "--duration=%s", bad[i]);
		CHECK(parse(line) < 0 && err.code == EXIT_CODE_USAGE);
	}
	CHECK_CONTAINS(err.message, "not a time: give seconds (30, 0.5) or 500ms, 2m, 1h");
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		snprintf(line, sizeof(line), "-d %s", beyond[i]);
		CHECK(parse(line) < 0 && err.code == EXIT_CODE_USAGE);
		CHECK_CONTAINS(err.message, "out of range");
	}
}

static void shares(void)
{
	static const char *const no_share[] = { "", "%", ".", "1%%", "-1", "1,5", "x", "0x1" };
	char text[64], why[160];

	CHECK_PARSES("--max-overhead 1");
	CHECK_INT(opts.config.max_overhead_ppm, 10000);
	CHECK_PARSES("--max-overhead 100%");
	CHECK_INT(opts.config.max_overhead_ppm, 1000000);
	CHECK_PARSES("--max-overhead=.0001");
	CHECK_INT(opts.config.max_overhead_ppm, 1);
	CHECK_PARSES("--max-overhead 2.50");
	CHECK_INT(opts.config.max_overhead_ppm, 25000);
	for (size_t i = 0; i < ARRAY_SIZE(no_share); i++) {
		snprintf(text, sizeof(text), "--max-overhead=%s", no_share[i]);
		snprintf(why, sizeof(why), "--max-overhead %s: not a share: give percent, as in 1 or 0.5",
			 no_share[i]);
		CHECK_USAGE(text, why);
	}
	CHECK_USAGE("--max-overhead 0", "--max-overhead 0: give from 0.0001 to 100 percent");
	CHECK_USAGE("--max-overhead 0.00009", "--max-overhead 0.00009: give from 0.0001 to 100 percent");
	CHECK_USAGE("--max-overhead 100.1", "--max-overhead 100.1: give from 0.0001 to 100 percent");
}

static void numbers(void)
{
	CHECK_PARSES("-F 1000");
	CHECK_INT(opts.config.frequency_hz, 1000);
	CHECK_PARSES("-f99");
	CHECK_INT(opts.config.frequency_hz, 99);
	CHECK_REFUSED("-F 1001", EXIT_CODE_FAILURE,
		      "--frequency 1001: this kernel allows up to 1000 Hz; to raise that: sysctl "
		      "kernel.perf_event_max_sample_rate=N");
	CHECK_REFUSED("-F 99999999999999999999", EXIT_CODE_FAILURE,
		      "--frequency 99999999999999999999: this kernel allows up to 1000 Hz; to raise "
		      "that: sysctl kernel.perf_event_max_sample_rate=N");
	CHECK_USAGE("-F -1", "--frequency -1: not a number: give a whole number of Hz, as in 99");
	CHECK(parse("-F 0") < 0 && err.code == EXIT_CODE_USAGE);
	CHECK_PARSES("--max-stack 1024");
	CHECK_INT(opts.config.max_stack, 1024);
	CHECK_PARSES("--max-stack=1");
	CHECK_INT(opts.config.max_stack, 1);
	CHECK_USAGE("--max-stack 1025", "--max-stack 1025: out of range: from 1 to 1024 frames");
	CHECK_USAGE("--max-stack 0", "--max-stack 0: out of range: from 1 to 1024 frames");
	CHECK_USAGE("--max-stack deep",
		    "--max-stack deep: not a number: give a whole number of frames, as in 512");
	CHECK_USAGE("-K --max-stack 9", "--kernel-stacks-only and --max-stack: without user frames "
					"there is no limit; drop one");
	CHECK_PARSES("-m 1000");
	CHECK_INT(opts.config.min_block_ns, 1000000);
	CHECK_USAGE("-m 5ms", "--min-block-us 5ms: not a number: give a whole number of "
			      "microseconds, as in 1000");
	CHECK_USAGE("-m 3600000001",
		    "--min-block-us 3600000001: too large: at most 3600000000 (an hour)");
}

static void ids_that_are_not(void)
{
	CHECK_USAGE("-p 1x", "--pid 1x: '1x' is not a number: give 1234 or 12,34");
	CHECK_USAGE("-p 10,", "--pid 10,: '' is not a number: give 1234 or 12,34");
	CHECK_USAGE("--pid=-1", "--pid -1: '-1' is not a number: give 1234 or 12,34");
	CHECK_USAGE("-p redis", "--pid redis: redis is not a number: did you mean --comm redis?");
	CHECK_USAGE("-p 0", "--pid 0: no such number: the kernel's go from 1 to 4194304");
	CHECK_USAGE("-p 4294967297",
		    "--pid 4294967297: no such number: the kernel's go from 1 to 4194304");
	CHECK_REFUSED("-p 10,99", EXIT_CODE_FAILURE, "--pid 99: no such process: see ps -e");
	CHECK_REFUSED("-t 99", EXIT_CODE_FAILURE, "--tid 99: no such thread: see ps -eL");
	CHECK_REFUSED("-p 11", EXIT_CODE_FAILURE,
		      "--pid 11: it is a thread of process 10: use --tid 11, or --pid 10 for all "
		      "its threads");
}

static void targets_that_clash(void)
{
	CHECK_USAGE("-p 10 -t 11", "--pid and --tid: choose one target");
	CHECK_USAGE("--comm x -a", "--comm and --all: choose one target");
	CHECK_USAGE("--comm x --comm y", "--comm was given twice: one is all it takes");
	CHECK_USAGE("--comm abcdefghijklmnop",
		    "--comm abcdefghijklmnop: the kernel keeps 15 characters of a name: did you "
		    "mean --comm abcdefghijklmno?");
	CHECK_USAGE("--children", "--children goes with --pid: give one, or drop it");
	CHECK_USAGE("--user x", "--user is for a COMMAND: add it, as in --user x -- make");
	CHECK_USAGE("-U -K", "--user-stacks-only and --kernel-stacks-only: together they leave no "
			     "frame; drop one");
	CHECK_USAGE("--", "nothing after --: give the program to run, as in -- make -j2");
}

static void stray_words(void)
{
	CHECK_USAGE("1234", "stray number 1234: did you mean --pid 1234?");
	CHECK_USAGE("profile 1234", "stray number 1234: did you mean --pid 1234?");
	CHECK_USAGE("-p 10 5", "stray number 5: did you mean --duration 5?");
	CHECK_USAGE("ls", "unknown command ls: to run a program under the profiler: systemscope "
			  "profile -- ls");
	CHECK_USAGE("offcp", "unknown command offcp: did you mean systemscope offcpu?");
	CHECK_USAGE("-d 1 offcpu", "the command comes first: systemscope offcpu ...");
	CHECK_USAGE("-d 1 ls", "stray word ls: to run a program under the profiler, put -- before "
			       "it: -- ls");
	CHECK_USAGE("doctor x", "stray word x: doctor takes none");
}

static void unknown_options(void)
{
	CHECK_USAGE("--pidd 1", "unknown option --pidd: did you mean --pid?");
	CHECK_USAGE("--freq=9", "unknown option --freq=9: did you mean --frequency?");
	CHECK_USAGE("-pid 1", "unknown option -pid: did you mean --pid?");
	CHECK_USAGE("--kernel-stack-only",
		    "unknown option --kernel-stack-only: did you mean --kernel-stacks-only?");
	CHECK_USAGE("--xyzzy", "unknown option --xyzzy: see systemscope profile --help");
	CHECK_USAGE("-qZ", "unknown option -Z: see systemscope profile --help");
	CHECK_USAGE("--pid", "--pid needs a value: --pid LIST");
	CHECK_USAGE("-p -a", "-p needs a value: -p LIST");
	CHECK_USAGE("-p -- ls", "-p needs a value: -p LIST");
	CHECK_USAGE("--quiet=yes", "--quiet takes no value: leave out =yes");
	CHECK_USAGE("offcpu -F 9", "offcpu has no option --frequency: it takes no on-CPU stacks");
	CHECK_USAGE("doctor -o x.json", "doctor has no option -o");
	CHECK_USAGE("--color=red", "--color red: give auto, always or never");
}

static void joined_letters(void)
{
	CHECK_PARSES("-qUF99 -d2");
	CHECK(opts.config.quiet && !opts.config.kernel_stacks);
	CHECK_INT(opts.config.frequency_hz, 99);
	CHECK_INT(opts.config.duration_ns, 2 * NSEC_PER_SEC);
	CHECK_PARSES("-vv");
	CHECK_INT(opts.config.verbose, 2);
}

static void an_output_may_need_a_timeline(void)
{
	CHECK_PARSES("-o a.folded");
	CHECK(!opts.config.timeline);
	CHECK_PARSES("--timeline -o a.folded");
	CHECK(opts.config.timeline);
	CHECK_PARSES("offcpu -o a.folded -o b.trace.json");
	CHECK(opts.config.timeline);
	CHECK_TEXT(opts.config.outputs[1].exporter->name, "chrome");
	CHECK_PARSES("--output chrome");
	CHECK(opts.config.timeline);
}

static void outputs(void)
{
	CHECK_PARSES("-o a.folded -o json:b -o c.json");
	CHECK_INT(opts.config.output_count, 3);
	CHECK_TEXT(opts.config.outputs[0].exporter->name, "folded");
	CHECK_TEXT(opts.config.outputs[1].exporter->name, "json");
	CHECK_TEXT(opts.config.outputs[1].path, "b");
	CHECK_TEXT(opts.config.outputs[2].exporter->name, "json");
	CHECK_PARSES("--output json");
	CHECK_INT(opts.config.output_count, 1);
	CHECK(!opts.config.outputs[0].path);
	CHECK_TEXT(opts.config.outputs[0].exporter->name, "json");
	CHECK_PARSES("--output json -o plain");
	CHECK_INT(opts.config.output_count, 1);
	CHECK_TEXT(opts.config.outputs[0].path, "plain");
	CHECK_TEXT(opts.config.outputs[0].exporter->name, "json");
	CHECK_PARSES("--output d/e.json");
	CHECK_TEXT(opts.config.outputs[0].path, "d/e.json");
	CHECK_PARSES("-o 12:30.folded");
	CHECK_TEXT(opts.config.outputs[0].path, "12:30.folded");
	CHECK_PARSES("-o - -o x.json");
	CHECK(!opts.config.outputs[0].path);
	CHECK_PARSES("-o json:/dev/stdout");
	CHECK(!opts.config.outputs[0].path);
	world.stdout_is_terminal = true;
	CHECK_PARSES("");
	CHECK_INT(opts.config.output_count, 0);
	CHECK_PARSES("--output folded");
	CHECK_INT(opts.config.output_count, 1);
	CHECK_PARSES("-o x.json");
	CHECK_INT(opts.config.output_count, 1);
	world.stdout_is_terminal = false;
}

/* What --output-dir writes is what was asked for: nothing more goes to stdout. */
static void a_directory_is_an_output(void)
{
	CHECK_INT(parse("--output-dir d"), 0);
	CHECK_TEXT(opts.config.output_dir, "d");
	CHECK_INT(opts.config.output_count, 0);
	CHECK_INT(parse("--output-dir d --output json -o x.folded"), 0);
	CHECK_INT(opts.config.output_count, 1);
	CHECK_INT(parse("--output-dir d --output json"), 0);
	CHECK_INT(opts.config.output_count, 1);
	CHECK(opts.config.outputs[0].path == NULL);
	CHECK(parse("--output-dir d --output-dir e") < 0 && err.code == EXIT_CODE_USAGE);
}

static void outputs_that_clash(void)
{
	CHECK(parse("-o x.doc") < 0 && err.code == EXIT_CODE_USAGE);
	CHECK_CONTAINS(err.message, "-o x.doc: unknown suffix: known are ");
	CHECK_CONTAINS(err.message, ".folded");
	CHECK_CONTAINS(err.message, ".json");
	CHECK_CONTAINS(err.message, "or name the format: -o folded:x.doc");
	CHECK(parse("-o nope:x") < 0 && err.code == EXIT_CODE_USAGE);
	CHECK_CONTAINS(err.message, "-o nope:x: unknown format nope: known are folded");
	CHECK(parse("--output nope") < 0 && err.code == EXIT_CODE_USAGE);
	CHECK_CONTAINS(err.message, "--output nope: unknown format nope: known are folded");
	CHECK_USAGE("-o folded:", "-o folded:: no file's name: give one, as in -o stacks.folded");
	CHECK_USAGE("-o - -o json:-",
		    "two outputs on stdout (-o -, -o json:-): give one of them a file");
	CHECK_USAGE("-o a.json -o json:a.json", "-o a.json was given twice: choose two names");
	CHECK_USAGE("-o a.json -o ./a.json",
		    "-o a.json and -o ./a.json are the same file: choose two names");
	CHECK_USAGE("-o /usr/bin/../a.json -o /usr/a.json",
		    "-o /usr/bin/../a.json and -o /usr/a.json are the same file: choose two names");
	CHECK_USAGE("-o /a.json -o //a.json",
		    "-o /a.json and -o //a.json are the same file: choose two names");
	CHECK_USAGE("--output json -o a.folded -o b.folded",
		    "--output json is for stdout or a single -o, and there are 2: name each format: "
		    "-o json:FILE");
	CHECK_USAGE("--output json -o folded:a", "-o folded:a and --output json: choose one");
	CHECK_USAGE("--output json --output folded",
		    "--output json and --output folded: choose one, or write files: -o FILE -o FILE");
}

static void binary_is_not_for_a_terminal(void)
{
	CHECK_PARSES("--output scope");
	world.stdout_is_terminal = true;
	CHECK_USAGE("--output scope",
		    "scope is binary, and stdout a terminal: write a file: -o FILE.scope");
	CHECK_USAGE("-o scope:/dev/stdout",
		    "scope is binary, and stdout a terminal: write a file: -o FILE.scope");
	CHECK_USAGE("export x.scope -o scope:-",
		    "scope is binary, and stdout a terminal: write a file: -o FILE.scope");
	CHECK_PARSES("-o x.scope");
	world.stdout_is_terminal = false;
}

/* Whatever needs a timeline gets one; nothing else asks for one. */
static void formats_ask_for_the_timeline(void)
{
	for (size_t i = 0; exporter_table[i]; i++) {
		char line[64];

		snprintf(line, sizeof(line), "-o a.folded -o %s:x", exporter_table[i]->name);
		CHECK_PARSES(line);
		CHECK_INT(opts.config.timeline, exporter_table[i]->needs_timeline);
	}
}

static void kept_captures(void)
{
	CHECK_PARSES("export x.scope -o a.folded -o json:b --per-thread --lines");
	CHECK(opts.command == &command_export);
	CHECK_TEXT(opts.file, "x.scope");
	CHECK_INT(opts.config.output_count, 2);
	CHECK(opts.config.export.per_thread && opts.config.export.lines);
	CHECK_PARSES("export --output json -");
	CHECK_TEXT(opts.file, "-");
	CHECK_TEXT(opts.config.outputs[0].exporter->name, "json");
	CHECK_PARSES("export x.scope");
	CHECK_TEXT(opts.config.outputs[0].exporter->name, "folded");
	CHECK_PARSES("report x.scope");
	CHECK(opts.command == &command_report);
	CHECK_TEXT(opts.file, "x.scope");
	CHECK_USAGE("export", "export needs a capture that was kept: systemscope export FILE.scope");
	CHECK_USAGE("report", "report needs a capture that was kept: systemscope report FILE.scope");
	CHECK_USAGE("export a b", "stray word b: export reads one file, and that is a");
	CHECK_USAGE("report a -o b.json", "report has no option -o");
	CHECK_USAGE("export a --per-thread --per-process",
		    "--per-thread and --per-process: choose one root");
	CHECK_USAGE("export a -- ls", "export runs no program: leave out --");
	CHECK_USAGE("a.scope", "unknown command a.scope: did you mean systemscope report a.scope?");
}

static void cpu_lists(void)
{
	CHECK_PARSES("-C 0,2-3");
	CHECK(opts.config.cpus && opts.config.cpus[0] && !opts.config.cpus[1] &&
	      opts.config.cpus[2] && opts.config.cpus[3] && !opts.config.cpus[4]);
	CHECK_REFUSED("-C 8", EXIT_CODE_FAILURE, "--cpu 8: there is no CPU 8: this machine has 0-3,5");
	CHECK_REFUSED("-C 4", EXIT_CODE_FAILURE, "--cpu 4: CPU 4 is offline; online are 0-3,5");
	CHECK_USAGE("-C 3-1", "--cpu 3-1: not a list of CPUs: give 0 or 0-3,7");
	CHECK_USAGE("-C 99999", "--cpu 99999: not a list of CPUs: give 0 or 0-3,7");
	CHECK_USAGE("-C 1,,2", "--cpu 1,,2: not a list of CPUs: give 0 or 0-3,7");
}

static void cgroups(void)
{
	char line[512], message[600];

	CHECK_PARSES("--cgroup web");
	CHECK_INT(opts.config.target, TARGET_CGROUP);
	CHECK_TEXT(opts.config.cgroup_path, scratch_path("v2/web"));
	CHECK_PARSES("--cgroup /web");
	CHECK_TEXT(opts.config.cgroup_path, scratch_path("v2/web"));
	snprintf(line, sizeof(line), "--cgroup %s", scratch_path("v2/web"));
	CHECK_PARSES(line);
	CHECK_TEXT(opts.config.cgroup_path, scratch_path("v2/web"));
	snprintf(line, sizeof(line), "--cgroup %s", scratch_path("v1/cpu/web"));
	snprintf(message, sizeof(message),
		 "%s: this is a cgroup v1 path; v2 is needed, and mounted at %s", line,
		 scratch_path("v2"));
	CHECK_USAGE(line, message);
	snprintf(message, sizeof(message), "--cgroup nope: no such cgroup: the v2 hierarchy is at %s",
		 scratch_path("v2"));
	CHECK_REFUSED("--cgroup nope", EXIT_CODE_FAILURE, message);
	snprintf(line, sizeof(line), "--cgroup %s", scratch_path("proc"));
	CHECK(parse(line) < 0 && err.code == EXIT_CODE_USAGE);
	CHECK_CONTAINS(err.message, "not a cgroup's directory");
	CHECK(parse("--cgroup cgroup.procs") < 0 && err.code == EXIT_CODE_USAGE);
}

static void names(void)
{
	CHECK_PARSES("");
	CHECK(!opts.config.symbols.keep_mangled && !opts.config.symbols.without_inlined &&
	      !opts.config.export.lines);
	CHECK_PARSES("oncpu --no-inline --lines --no-demangle");
	CHECK(opts.config.symbols.keep_mangled && opts.config.symbols.without_inlined &&
	      opts.config.export.lines);
	CHECK_PARSES("offcpu --inline");
	CHECK(!opts.config.symbols.without_inlined);
	CHECK_USAGE("--inline --no-inline", "--inline and --no-inline: choose one");
}

/* A letter that two commands have is each one's own. */
static void symbolize(void)
{
	CHECK_PARSES("symbolize 12 -e x -as 0x34 -i --lines");
	CHECK_TEXT(opts.symbolize.exe, "x");
	CHECK(opts.symbolize.addresses && opts.symbolize.basenames && !opts.config.system_wide);
	CHECK_INT(opts.symbolize.word_count, 2);
	CHECK_TEXT(opts.symbolize.words[0], "12");
	CHECK_TEXT(opts.symbolize.words[1], "0x34");
	CHECK_PARSES("symbolize --exe=x --no-inline --no-demangle");
	CHECK(!opts.symbolize.addresses && !opts.symbolize.basenames);
	CHECK(opts.config.symbols.without_inlined && opts.config.symbols.keep_mangled);
	CHECK_INT(opts.symbolize.word_count, 0);
	CHECK_USAGE("symbolize 12", "symbolize needs the file whose addresses these are: -e FILE");
	CHECK_USAGE("symbolize -e -a", "-e needs a value: -e FILE");
	CHECK_USAGE("symbolize -e x -e y", "--exe was given twice: one is all it takes");
	CHECK_USAGE("symbolize -e x -p 1", "symbolize has no option --pid");
	CHECK_USAGE("symbolize -e x --inline --no-inline", "--inline and --no-inline: choose one");
	CHECK_USAGE("symbolize -e x -- 12", "symbolize runs no program: leave out --");
	CHECK_USAGE("-p 1 --basenames", "profile has no option --basenames");
	CHECK_USAGE("-e x", "profile has no option --exe");
}

static void help_wins(void)
{
	CHECK_PARSES("--bogus -h");
	CHECK(opts.help);
	CHECK_PARSES("offcpu -p 99 --help");
	CHECK(opts.help && opts.command == &command_offcpu);
	CHECK_PARSES("-q -- ls --help");
	CHECK(!opts.help);
	CHECK_PARSES("--version");
	CHECK(opts.version);
	CHECK_PARSES("help frames");
	CHECK_TEXT(opts.topic, "frames");
	CHECK_PARSES("help --man");
	CHECK(opts.man);
	CHECK_USAGE("help a b", "stray word b: help takes one topic");
}

static void make_world(void)
{
	static char proc[512], sys[512], mounts[4096];

	scratch_write("proc/10/status", "Name:\tx\nUmask:\t0022\nTgid:\t10\nPid:\t10\n");
	scratch_write("proc/11/status", "Name:\ty\nTgid:\t10\nPid:\t11\n");
	scratch_write("proc/20/status", "Name:\tz\nTgid:\t20\n");
	scratch_write("proc/30/status", "Name:\tTgid: 5\nTgid:\t30\n");
	scratch_write("proc/sys/kernel/perf_event_max_sample_rate", "1000\n");
	scratch_write("sys/devices/system/cpu/possible", "0-7\n");
	scratch_write("sys/devices/system/cpu/online", "0-3,5\n");
	scratch_write("v2/cgroup.procs", "");
	scratch_write("v2/web/cgroup.procs", "");
	scratch_write("v1/cpu/web/cgroup.procs", "");
	snprintf(mounts, sizeof(mounts),
		 "1 0 0:1 / / rw - ext4 /dev/x rw\n"
		 "2 1 0:2 / %s rw,relatime shared:1 - cgroup cgroup rw,cpu\n"
		 "3 1 0:3 / %s rw,relatime shared:2 master:3 - cgroup2 cgroup2 rw\n"
		 "4 1 0:4 / /with\\040space rw - tmpfs tmpfs rw\n"
		 "broken\n",
		 scratch_path("v1/cpu"), scratch_path("v2"));
	scratch_write("proc/self/mountinfo", mounts);
	snprintf(proc, sizeof(proc), "%s", scratch_path("proc"));
	snprintf(sys, sizeof(sys), "%s", scratch_path("sys"));
	world.proc = proc;
	world.sys = sys;
}

int main(void)
{
	scratch_make();
	make_world();
	CHECK_CASE(defaults);
	CHECK_CASE(commands_set_states);
	CHECK_CASE(targets);
	CHECK_CASE(commands_to_run);
	CHECK_CASE(durations);
	CHECK_CASE(shares);
	CHECK_CASE(numbers);
	CHECK_CASE(ids_that_are_not);
	CHECK_CASE(targets_that_clash);
	CHECK_CASE(stray_words);
	CHECK_CASE(unknown_options);
	CHECK_CASE(joined_letters);
	CHECK_CASE(an_output_may_need_a_timeline);
	CHECK_CASE(outputs);
	CHECK_CASE(a_directory_is_an_output);
	CHECK_CASE(outputs_that_clash);
	CHECK_CASE(binary_is_not_for_a_terminal);
	CHECK_CASE(formats_ask_for_the_timeline);
	CHECK_CASE(kept_captures);
	CHECK_CASE(cpu_lists);
	CHECK_CASE(cgroups);
	CHECK_CASE(names);
	CHECK_CASE(symbolize);
	CHECK_CASE(help_wins);
	opts_free(&opts);
	scratch_remove();
	return check_status();
}
