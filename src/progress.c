// SPDX-License-Identifier: MIT
#include "progress.h"

static double seconds(nsec_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

void progress_show(struct progress *progress, const struct session_progress *now)
{
	if (!progress->out)
		return;
	fprintf(progress->out, "\r\033[K%.1f s", seconds(now->elapsed_ns));
	if (now->duration_ns)
		fprintf(progress->out, " of %.4g s", seconds(now->duration_ns));
	fprintf(progress->out, ", %llu stacks", (unsigned long long)now->stacks);
	if (now->losses)
		fprintf(progress->out, ", %llu lost", (unsigned long long)now->losses);
	fputs("; Ctrl-C ends", progress->out);
	fflush(progress->out);
	progress->shown = true;
}

void progress_erase(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", progress->out);
	fflush(progress->out);
	progress->shown = false;
}
