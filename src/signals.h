/* SPDX-License-Identifier: MIT */
/*
 * signals.h - SIGINT, SIGTERM and SIGHUP ask a capture to end: the first of them is noted, and from
 * then on each has its default meaning again, so that the second ends the process at once. Those
 * that were ignored when the program began (nohup) stay ignored.
 *
 * One watch a process. Handlers are not inherited through an exec, and neither mask nor ignored
 * signals are changed: a COMMAND is not affected, whether it is started before or after.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

#include "err.h"

int signals_watch(struct err *err);
/* Readable once one has come; -1: not watched. */
int signals_fd(void);
bool signals_came(void);
/* From now on they have the meaning that they had before. Does nothing if they are not watched. */
void signals_release(void);

#endif
