/* SPDX-License-Identifier: MIT */
/* idle.h - idle time of all CPUs since boot; the kernel keeps it in clock ticks. */
#ifndef IDLE_H
#define IDLE_H

#include "scope_time.h"

nsec_t idle_read(void); /* 0: not to be had */

#endif
