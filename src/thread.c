// SPDX-License-Identifier: MIT
#include "thread.h"

#include <signal.h>

bool thread_start(pthread_t *ret_thread, void *(*run)(void *), void *context)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(ret_thread, NULL, run, context) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}
