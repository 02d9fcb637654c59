/* SPDX-License-Identifier: MIT */
/*
 * launch.h - COMMAND, started under the profiler.
 *
 * launch_prepare() forks a child that waits before its execve, already running as the invoking
 * user, in its own place for signals; launch_release() lets it go. The child ends with the parent.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "config.h"
#include "err.h"

struct launch;

int launch_prepare(const struct config *config, bool stdout_to_stderr, struct launch **ret_launch,
		   struct err *err);
pid_t launch_pid(const struct launch *launch);
int launch_pidfd(const struct launch *launch); /* readable when COMMAND has ended; owned by launch */
/* Lets COMMAND go (once; SIGPIPE must be ignored). -errno and err with code 126/127 when its execve failed. */
int launch_release(struct launch *launch, struct err *err);
bool launch_released(const struct launch *launch);
/* Reaps COMMAND if it has ended, without waiting; true if ended. */
bool launch_ended(struct launch *launch);
void launch_terminate(struct launch *launch, int signal);
/* The exit code to end with: COMMAND's, 128+N for a signal. Waits for COMMAND. */
int launch_wait(struct launch *launch, struct rusage *ret_usage);
void launch_free(struct launch **launch); /* takes NULL; ends a child that was never released */

#endif
