// SPDX-License-Identifier: MIT
#include "summary.h"

#include <inttypes.h>

#include "../exporters/overview.h"
#include "../exporters/text.h"

#define BOLD  "\033[1m"
#define RESET "\033[0m"

static void print_unwind(const struct profile *p, const struct overview_opts *opts, FILE *out)
{
	const struct profile_self *self = &p->self;

	if (!self->unwind_tables)
		return;
	overview_begin_row(opts, "unwinding", out);
	fprintf(out,
		"%" PRIu64 " %s, %" PRIu64 " rows, %" PRIu64 " rules, %s, built in %s; %" PRIu64
		" %s walked in user space",
		self->unwind_tables, self->unwind_tables == 1 ? "table" : "tables",
		self->unwind_rows, self->unwind_rules, text_size(self->unwind_bytes).bytes,
		text_duration(self->unwind_build_ns).bytes, self->unwind_raw,
		self->unwind_raw == 1 ? "stack" : "stacks");
	if (self->unwind_evicted || self->unwind_refused)
		fprintf(out, "; %" PRIu64 " taken away, %" PRIu64 " refused for want of room",
			self->unwind_evicted, self->unwind_refused);
	fputc('\n', out);
}

static void print_ledger(const struct profile *p, bool color, FILE *out)
{
	fprintf(out, "\n%s%9s %9s %11s %11s %11s %11s %11s %9s  %s%s\n", color ? BOLD : "", "pid",
		"tid", "alive", "on CPU", "run queue", "blocked", "residual", "switches", "thread",
		color ? RESET : "");
	for (uint32_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *thread = &p->threads[i];
		char residual[sizeof(struct text_quantity) + 1];

		snprintf(residual, sizeof(residual), "%s%s", thread->residual_ns < 0 ? "-" : "",
			 text_duration(overview_residual(thread)).bytes);
		fprintf(out, "%9" PRIu32 " %9" PRIu32 " %11s %11s %11s %11s %11s %9" PRIu64 "  ",
			p->processes[thread->process].pid, thread->tid,
			text_duration(thread->alive_ns).bytes,
			text_duration(thread->ns[SCOPE_ON]).bytes,
			text_duration(thread->ns[SCOPE_RUNQ]).bytes,
			text_duration(thread->ns[SCOPE_OFF]).bytes, residual, thread->switches);
		text_write_name(out, profile_string(p, thread->comm));
		fputc('\n', out);
	}
}

void summary_print(const struct profile *profile, const struct summary_opts *opts, FILE *out)
{
	const struct overview_opts overview = { .color = opts->color, .verbose = opts->verbose };

	overview_print_title(profile, opts->color, out);
	overview_print(profile, &overview, out);
	if (opts->verbose) {
		print_unwind(profile, &overview, out);
		print_ledger(profile, opts->color, out);
	}
}
