/* SPDX-License-Identifier: MIT */
/*
 * thread.h - a thread that takes no signals: they are for the one that waits for them.
 */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* False: there is none to be had. */
bool thread_start(pthread_t *ret_thread, void *(*run)(void *), void *context);

#endif
