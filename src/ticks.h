/* SPDX-License-Identifier: MIT */
/* ticks.h - a perf event on each CPU, and the program that each of its ticks runs. */
#ifndef TICKS_H
#define TICKS_H

#include <stddef.h>

#include "config.h"
#include "err.h"

struct bpf_link;
struct bpf_program;

/* All zero: none attached. */
struct ticks {
	struct bpf_link **links; /* own the events */
	size_t count;
};

/* On the CPUs of `config` that are online. What was attached stays so on failure. */
int ticks_attach(struct ticks *ticks, const struct config *config, struct bpf_program *program,
		 struct err *err);
void ticks_detach(struct ticks *ticks); /* also when none is attached */

#endif
