// SPDX-License-Identifier: MIT
/* The run of profile, oncpu and offcpu: from checked options to files, summary and exit code. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "launch.h"
#include "mem.h"
#include "opts.h"
#include "outputs.h"
#include "privilege.h"
#include "profile_build.h"
#include "progress.h"
#include "session.h"
#include "signals.h"
#include "summary.h"
#include "terminal.h"

struct capture {
	const struct config *config;
	struct outputs outputs;
	struct launch *launch;	/* NULL: no COMMAND */
	struct profile *profile;
	struct progress progress;
};

static void capture_free(struct capture *capture)
{
	outputs_free(&capture->outputs);
	launch_free(&capture->launch);
	profile_free(&capture->profile);
}

static bool writes_stdout(const struct config *config)
{
	for (size_t i = 0; i < config->output_count; i++) {
		if (!config->outputs[i].path)
			return true;
	}
	return false;
}

static void show_progress(void *context, const struct session_progress *progress)
{
	progress_show(context, progress);
}

static int run_session(struct capture *capture, struct err *err)
{
	const struct config *config = capture->config;
	struct session_hooks hooks = { .context = &capture->progress };
	int r;

	/* COMMAND's own output would run through the line. */
	if (!config->quiet && !config->argv && terminal_is_live(STDERR_FILENO)) {
		capture->progress.out = stderr;
		hooks.progress = show_progress;
	}
	r = session_run(config, capture->launch, &hooks, &capture->profile, err);
	progress_erase(&capture->progress);
	return r;
}

/* An empty file would look like a target that did nothing. */
static int check_not_empty(const struct profile *profile, struct err *err)
{
	if (profile->thread_count)
		return 0;
	return err_set(err, EXIT_CODE_FAILURE, -ESRCH,
		       "nothing to show: no thread of %s was there during the capture",
		       profile->target);
}

/* The one number of a profile that is known only when it is being written. */
static void note_time_since_stop(struct profile *profile)
{
	profile->self.stop_to_written_ns =
		clock_now() - (profile->start_mono_ns + profile->window_ns);
}

static int write_files(struct capture *capture, struct err *err)
{
	int r = 0;

	while (!r && outputs_remain(&capture->outputs)) {
		note_time_since_stop(capture->profile);
		r = outputs_write_next(&capture->outputs, capture->profile, err);
	}
	return r;
}

static bool was_seen(const struct profile *profile, enum target_kind kind, uint32_t id)
{
	for (uint32_t i = 0; i < profile->thread_count; i++) {
		const struct profile_thread *thread = &profile->threads[i];

		if (id == (kind == TARGET_TIDS ? thread->tid : profile->processes[thread->process].pid))
			return true;
	}
	return false;
}

/* Of several that were named, one that is not there is not missed among the others. */
static void note_unseen(const struct capture *capture)
{
	const struct config *config = capture->config;
	enum target_kind kind = config->target;

	for (size_t i = 0; i < config->id_count; i++)
		if (!was_seen(capture->profile, kind, config->ids[i]))
			fprintf(stderr,
				"systemscope: note: %s %u: no thread was seen: it had ended, or the "
				"kernel hides it from BPF\n",
				kind == TARGET_TIDS ? "tid" : "pid", config->ids[i]);
}

static void print_summary(const struct capture *capture)
{
	const struct config *config = capture->config;
	struct summary_opts opts = { .verbose = config->verbose };

	if (!config->quiet) {
		note_unseen(capture);
		opts.color = terminal_takes_color(config->color, STDERR_FILENO);
		summary_print(capture->profile, &opts, stderr);
		for (size_t i = 0; i < capture->outputs.written; i++) {
			if (config->outputs[i].path)
				fprintf(stderr, "written to %s\n", config->outputs[i].path);
		}
		if (bundle_file_count(capture->outputs.bundle))
			fprintf(stderr, "written to %s: %zu files\n", config->output_dir,
				bundle_file_count(capture->outputs.bundle));
	}
	if (!config->output_count && !config->output_dir) {
		opts.color = terminal_takes_color(config->color, STDOUT_FILENO);
		opts.columns = terminal_columns(STDOUT_FILENO);
		digest_print(capture->profile, &opts, stdout);
	}
}

/* COMMAND outlives the capture when --duration was over first, or when the capture failed. */
static int end_command(struct capture *capture)
{
	bool ended = launch_ended(capture->launch);
	int code;

	if (!ended)
		launch_terminate(capture->launch, SIGTERM);
	code = launch_wait(capture->launch, NULL);
	return !ended && code == 128 + SIGTERM ? EXIT_CODE_OK : code;
}

int capture_run(const struct opts *opts, struct err *err)
{
	_cleanup_(capture_free) struct capture capture = { .config = &opts->config };
	int code = EXIT_CODE_OK;
	int r;

	/* Before the capture, so that no run ends in "cannot write". */
	r = outputs_open(&capture.outputs, &opts->config, err);
	if (!r)
		r = privilege_check(err);
	if (!r && opts->config.argv)
		r = launch_prepare(&opts->config, writes_stdout(&opts->config), &capture.launch,
				   err);
	if (r)
		return err->code;
	outputs_ignore_signals(); /* not earlier: COMMAND inherits what is ignored */
	/* Until all is written: a signal while the capture ends by itself is not the second one. */
	r = signals_watch(err);
	if (!r)
		r = run_session(&capture, err);
	if (!r)
		r = check_not_empty(capture.profile, err);
	if (!r) {
		/* also where the reader of a pipe had enough: what was found out is found out */
		r = write_files(&capture, err);
		print_summary(&capture);
	}
	signals_release();
	if (capture.launch && launch_released(capture.launch))
		code = end_command(&capture);
	return r ? err->code : code;
}
