/* SPDX-License-Identifier: MIT */
/* terminal.h - what a terminal may be sent. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

#include "config.h"

/* Whether to colour what goes to `fd`. */
bool terminal_takes_color(enum color_when when, int fd);
/* Whether a line on `fd` can be written over: a terminal that knows its control sequences. */
bool terminal_is_live(int fd);
unsigned int terminal_columns(int fd); /* 0: not known */

#endif
