// SPDX-License-Identifier: MIT
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mem.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
static struct sigaction before[ARRAY_SIZE(numbers)];
static int event_fd = -1;
static volatile sig_atomic_t came;

static bool was_ignored(size_t i)
{
	return before[i].sa_handler == SIG_IGN;
}

/* The others are blocked meanwhile, so that one that comes with it is the second. */
static void note_signal(int number)
{
	const uint64_t one = 1;
	int saved = errno;
	ssize_t written;

	(void)number;
	came = 1;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!was_ignored(i))
			signal(numbers[i], SIG_DFL);
	written = write(event_fd, &one, sizeof(one));
	(void)written; /* it cannot be full */
	errno = saved;
}

int signals_watch(struct err *err)
{
	struct sigaction watch = { .sa_handler = note_signal, .sa_flags = SA_RESTART };

	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot watch signals: %s",
			       strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaddset(&watch.sa_mask, numbers[i]);
	/* All are known before the first handler can run. */
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaction(numbers[i], NULL, &before[i]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!was_ignored(i))
			sigaction(numbers[i], &watch, NULL);
	return 0;
}

int signals_fd(void)
{
	return event_fd;
}

bool signals_came(void)
{
	return came;
}

void signals_release(void)
{
	if (event_fd < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!was_ignored(i))
			sigaction(numbers[i], &before[i], NULL);
	close(event_fd);
	event_fd = -1;
}
