// SPDX-License-Identifier: MIT
/*
 * json.c - the whole profile, for scripts: every id of include/profile.h is an index here too.
 *
 * One object a line. Times are integers in nanoseconds, written exactly; readers that keep numbers
 * as doubles round those above 2^53 (only addresses outside any image are that large). What is not
 * known is null. frames[0] and stacks[0] stand for "none".
 */
#include <inttypes.h>

#include "exporter.h"
#include "losses.h"
#include "text.h"

#define JSON_SCHEMA "systemscope/1"

static const char *const state_names[SCOPE_STATES] = {
	[SCOPE_ON] = "on",
	[SCOPE_RUNQ] = "runq",
	[SCOPE_OFF] = "off",
};

static const char *const kind_names[] = {
	[FRAME_USER] = "user",
	[FRAME_KERNEL] = "kernel",
	[FRAME_LABEL] = "label",
};

static const char *const end_keys[SCOPE_ENDS] = {
	[SCOPE_END_COMPLETE] = "complete_ns",
	[SCOPE_END_TRUNCATED] = "truncated_ns",
	[SCOPE_END_NO_RULE] = "no_rule_ns",
	[SCOPE_END_UNREADABLE] = "unreadable_ns",
	[SCOPE_END_UNMAPPED] = "unmapped_ns",
};

struct writer {
	const struct profile *profile;
	FILE *out;
};

/* `"key": ` and its value; `separator` stands before it. */

static void put_key(const struct writer *w, const char *separator, const char *key)
{
	fputs_unlocked(separator, w->out);
	putc_unlocked('"', w->out);
	fputs_unlocked(key, w->out);
	fputs_unlocked("\":", w->out);
}

static void put_number(const struct writer *w, const char *separator, const char *key,
		       uint64_t value)
{
	put_key(w, separator, key);
	text_write_number(w->out, value);
}

static void put_bool(const struct writer *w, const char *separator, const char *key, bool value)
{
	put_key(w, separator, key);
	fputs_unlocked(value ? "true" : "false", w->out);
}

static void put_text(const struct writer *w, const char *separator, const char *key,
		     const char *value)
{
	put_key(w, separator, key);
	text_write_json(w->out, value);
}

/* String 0 is "not known". */
static void put_string(const struct writer *w, const char *separator, const char *key, uint32_t id)
{
	if (id) {
		put_text(w, separator, key, profile_string(w->profile, id));
	} else {
		put_key(w, separator, key);
		fputs_unlocked("null", w->out);
	}
}

static void put_header(const struct writer *w)
{
	const struct profile *p = w->profile;
	const char *comma = "";

	put_text(w, "{\n", "schema", JSON_SCHEMA);
	put_text(w, ",\n", "version", p->version ? p->version : "");
	put_text(w, ",\n", "target", p->target);
	put_bool(w, ",\n", "system_wide", p->system_wide);
	put_number(w, ",\n", "start_realtime_ns", p->start_realtime_ns);
	put_number(w, ",\n", "start_mono_ns", p->start_mono_ns);
	put_number(w, ",\n", "window_ns", p->window_ns);
	put_number(w, ",\n", "frequency_hz", p->frequency_hz);
	put_number(w, ",\n", "cpus", p->cpus);
	put_number(w, ",\n", "min_block_ns", p->min_block_ns);
	put_number(w, ",\n", "idle_ns", p->idle_ns);
	put_key(w, ",\n", "states");
	fputc('[', w->out);
	for (size_t state = 0; state < SCOPE_STATES; state++) {
		if (!p->states[state])
			continue;
		fprintf(w->out, "%s\"%s\"", comma, state_names[state]);
		comma = ",";
	}
	fputc(']', w->out);
}

static void put_process(const struct writer *w, uint32_t i)
{
	const struct profile_process *process = &w->profile->processes[i];

	put_number(w, "{", "pid", process->pid);
	put_text(w, ",", "comm", profile_string(w->profile, process->comm));
	put_string(w, ",", "exe", process->exe);
	put_number(w, ",", "first_thread", process->first_thread);
	put_number(w, ",", "thread_count", process->thread_count);
	put_number(w, ",", "anonymous_ns", process->anonymous_ns);
	put_string(w, ",", "anonymous_why", process->anonymous_why);
	putc_unlocked('}', w->out);
}

static void put_thread(const struct writer *w, uint32_t i)
{
	const struct profile *p = w->profile;
	const struct profile_thread *thread = &p->threads[i];

	put_number(w, "{", "pid", p->processes[thread->process].pid);
	put_number(w, ",", "tid", thread->tid);
	put_text(w, ",", "comm", profile_string(p, thread->comm));
	put_number(w, ",", "born_ns", thread->born_ns);
	put_number(w, ",", "alive_ns", thread->alive_ns);
	put_number(w, ",", "on_ns", thread->ns[SCOPE_ON]);
	put_number(w, ",", "runq_ns", thread->ns[SCOPE_RUNQ]);
	put_number(w, ",", "off_ns", thread->ns[SCOPE_OFF]);
	put_key(w, ",", "residual_ns");
	fprintf(w->out, "%" PRId64, thread->residual_ns);
	put_number(w, ",", "switches", thread->switches);
	put_bool(w, ",", "kernel_thread", thread->kernel_thread);
	put_bool(w, ",", "never_ran", thread->never_ran);
	put_bool(w, ",", "estimated", thread->estimated);
	putc_unlocked('}', w->out);
}

static void put_image(const struct writer *w, uint32_t i)
{
	const struct profile_image *image = &w->profile->images[i];

	put_string(w, "{", "path", i ? image->path : 0);
	put_string(w, ",", "build_id", i ? image->build_id : 0);
	put_number(w, ",", "incomplete_ns", image->incomplete_ns);
	put_number(w, ",", "unnamed_ns", image->unnamed_ns);
	put_string(w, ",", "why", image->why);
	put_string(w, ",", "debug_file", image->debug_file);
	put_string(w, ",", "debug_package", image->debug_package);
	putc_unlocked('}', w->out);
}

static void put_frame(const struct writer *w, uint32_t i)
{
	static const struct profile_frame none = { .kind = FRAME_LABEL };
	const struct profile *p = w->profile;
	const struct profile_frame *frame = i ? &p->frames[i] : &none;

	put_text(w, "{", "name", profile_string(p, frame->name));
	put_string(w, ",", "image", frame->image ? p->images[frame->image].path : 0);
	put_number(w, ",", "offset", frame->offset);
	put_text(w, ",", "kind", kind_names[frame->kind]);
	put_bool(w, ",", "named", frame->named);
	put_bool(w, ",", "inlined", frame->inlined);
	put_string(w, ",", "file", frame->file);
	put_key(w, ",", "line");
	if (frame->line)
		text_write_number(w->out, frame->line);
	else
		fputs_unlocked("null", w->out);
	putc_unlocked('}', w->out);
}

static void put_stack(const struct writer *w, uint32_t i)
{
	const struct profile_stack *stack = &w->profile->stacks[i];

	/* there are many of these: in as few pieces as can be */
	fputs_unlocked("{\"parent\":", w->out);
	text_write_number(w->out, i ? stack->parent : 0);
	fputs_unlocked(",\"frame\":", w->out);
	text_write_number(w->out, i ? stack->frame : 0);
	putc_unlocked('}', w->out);
}

static void put_sample(const struct writer *w, uint32_t i)
{
	const struct profile *p = w->profile;
	const struct profile_sample *sample = &p->samples[i];
	const struct profile_thread *thread = &p->threads[sample->thread];

	put_number(w, "{", "pid", p->processes[thread->process].pid);
	put_number(w, ",", "tid", thread->tid);
	put_number(w, ",", "thread", sample->thread);
	put_text(w, ",", "state", state_names[sample->state]);
	put_string(w, ",", "reason", sample->reason);
	put_number(w, ",", "stack", sample->stack);
	put_number(w, ",", "ns", sample->ns);
	put_number(w, ",", "count", sample->count);
	put_bool(w, ",", "estimated", sample->estimated);
	putc_unlocked('}', w->out);
}

static void put_interval(const struct writer *w, uint32_t i)
{
	const struct profile_interval *interval = &w->profile->intervals[i];

	put_number(w, "{", "thread", interval->thread);
	put_text(w, ",", "state", state_names[interval->state]);
	put_string(w, ",", "reason", interval->reason);
	put_number(w, ",", "stack", interval->stack);
	put_number(w, ",", "start_ns", interval->start_ns);
	put_number(w, ",", "ns", interval->ns);
	put_key(w, ",", "waker");
	if (interval->waker)
		text_write_number(w->out, interval->waker - 1);
	else
		fputs_unlocked("null", w->out);
	putc_unlocked('}', w->out);
}

static int put_array(const struct writer *w, const char *key, uint32_t count,
		     void (*put)(const struct writer *w, uint32_t i))
{
	put_key(w, ",\n", key);
	fputc('[', w->out);
	for (uint32_t i = 0; i < count; i++) {
		int ret;

		fputs_unlocked(i ? ",\n" : "\n", w->out);
		put(w, i);
		ret = text_check(w->out);
		if (ret)
			return ret;
	}
	fputs(count ? "\n]" : "]", w->out);
	return 0;
}

static void put_thinning(const struct writer *w, const struct profile_thinning *thinning)
{
	put_key(w, "},\n", "thinning");
	put_number(w, "{", "max_ppm", thinning->max_ppm);
	put_number(w, ",", "probe_ns", thinning->probe_ns);
	put_number(w, ",", "on_ns", thinning->on_ns);
	put_number(w, ",", "waits", thinning->waits);
	put_number(w, ",", "taken", thinning->taken);
	put_number(w, ",", "shared_ns", thinning->shared_ns);
}

static void put_footer(const struct writer *w)
{
	const struct profile_quality *quality = &w->profile->quality;
	const struct profile_self *self = &w->profile->self;

	put_key(w, ",\n", "losses");
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++) {
		put_key(w, i ? ",\n" : "{\n", loss_table[i].key);
		put_number(w, "{", "count", w->profile->losses[i].count);
		put_number(w, ",", "ns", w->profile->losses[i].ns);
		putc_unlocked('}', w->out);
	}

	put_key(w, "\n},\n", "quality");
	put_number(w, "{", "on_sampled_ns", quality->on_sampled_ns);
	put_number(w, ",", "on_estimated_ns", quality->on_estimated_ns);
	put_number(w, ",", "on_unsampled_ns", quality->on_unsampled_ns);
	put_number(w, ",", "stackless_ns", quality->stackless_ns);
	put_number(w, ",", "user_ns", quality->user_ns);
	for (size_t i = 0; i < SCOPE_ENDS; i++)
		put_number(w, ",", end_keys[i], quality->end_ns[i]);
	put_number(w, ",", "frames_ns", quality->frames_ns);
	put_number(w, ",", "unnamed_ns", quality->unnamed_ns);
	put_number(w, ",", "ticks", quality->ticks);

	put_key(w, "},\n", "self");
	put_number(w, "{", "cpu_ns", self->cpu_ns);
	put_number(w, ",", "armed_cpu_ns", self->armed_cpu_ns);
	put_number(w, ",", "names_cpu_ns", self->names_cpu_ns);
	put_number(w, ",", "peak_rss_bytes", self->peak_rss_bytes);
	put_number(w, ",", "start_to_armed_ns", self->start_to_armed_ns);
	put_number(w, ",", "stop_to_written_ns", self->stop_to_written_ns);
	put_number(w, ",", "kernel_map_bytes", self->kernel_map_bytes);
	put_number(w, ",\n", "unwind_tables", self->unwind_tables);
	put_number(w, ",", "unwind_rows", self->unwind_rows);
	put_number(w, ",", "unwind_bytes", self->unwind_bytes);
	put_number(w, ",", "unwind_rules", self->unwind_rules);
	put_number(w, ",", "unwind_build_ns", self->unwind_build_ns);
	put_number(w, ",", "unwind_evicted", self->unwind_evicted);
	put_number(w, ",", "unwind_refused", self->unwind_refused);
	put_number(w, ",", "unwind_spaces", self->unwind_spaces);
	put_number(w, ",", "unwind_raw", self->unwind_raw);
	if (w->profile->thinning.max_ppm)
		put_thinning(w, &w->profile->thinning);
	fputs("}\n}\n", w->out);
}

static int json_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	const struct writer w = { .profile = p, .out = out };
	int ret;

	(void)opts; /* they choose how a stack reads; here all is told */
	put_header(&w);
	ret = put_array(&w, "processes", p->process_count, put_process);
	if (!ret)
		ret = put_array(&w, "threads", p->thread_count, put_thread);
	if (!ret)
		ret = put_array(&w, "images", p->image_count, put_image);
	if (!ret)
		ret = put_array(&w, "frames", p->frame_count, put_frame);
	if (!ret)
		ret = put_array(&w, "stacks", p->stack_count, put_stack);
	if (!ret)
		ret = put_array(&w, "samples", p->sample_count, put_sample);
	if (!ret && p->has_timeline)
		ret = put_array(&w, "intervals", p->interval_count, put_interval);
	if (ret)
		return ret;
	put_footer(&w);
	return text_flush(out);
}

const struct exporter exporter_json = {
	.name = "json",
	.suffixes = { ".json" },
	.summary = "everything, for scripts: threads, stacks, samples, losses",
	.write = json_write,
};
