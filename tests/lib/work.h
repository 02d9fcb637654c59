/* SPDX-License-Identifier: MIT */
/*
 * work.h - what the workloads have in common: options, facts, clocks, CPUs.
 *
 * A workload does something whose profile is known and says what it did: one fact a line,
 * `WORD key=value key=value`, appended to the file that `--facts FILE` names (default: stdout).
 * Every workload ends by itself; an alarm kills it if it does not. A workload that goes wrong says
 * so on stderr and exits with 1.
 */
#ifndef WORK_H
#define WORK_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#define WORK_MS 1000000ull
#define WORK_S  1000000000ull

/*
 * `names` lists the options of this workload, separated by spaces; each takes a value, as
 * `--name value`. `--facts` and `--seconds` are always there. Arms the alarm.
 */
void work_begin(int argc, char **argv, const char *names);

/* The value of --name, or `fallback`. */
const char *work_option(const char *name, const char *fallback);
double work_number(const char *name, double fallback);

/* One line of facts, written whole. */
void work_fact(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void work_die(const char *what);

uint64_t work_now_ns(void);
uint64_t work_thread_cpu_ns(void);
uint64_t work_process_cpu_ns(void); /* of threads that have ended, too */
pid_t work_tid(void);
void work_sleep_ns(uint64_t ns);
/* Until whoever started the workload lets it go on, by closing its stdin. */
void work_hold(void);

/* A copy that can be executed, in the place of what was there. */
void work_copy(const char *from, const char *to);

/*
 * Forks, with a pipe each way: each of the two reads *ret_in and writes *ret_out. Returns the child, and
 * 0 in it.
 */
pid_t work_fork_piped(int *ret_in, int *ret_out);

/* Pins the calling thread to the first `count` CPUs it is allowed to use; fewer if there are fewer.
 */
void work_pin(int count);
/* Pins the calling thread to the `index`th (modulo their number) of its allowed CPUs. */
void work_pin_to(int index);

/* A thread with a small stack, named `name`; dies on failure. */
pthread_t work_thread(const char *name, void *(*run)(void *), void *arg);

#endif
