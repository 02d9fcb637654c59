// SPDX-License-Identifier: MIT
/*
 * viewed.c - a program for tests of what viewers show: built with -O2 -g, so that spin() is inlined
 * into hot(), which stands in a file with lines. A worker sleeps while the main thread computes.
 * Runs until it is killed.
 */
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

static volatile uint64_t sink;

static inline __attribute__((always_inline)) void spin(uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++)
		sink = sink * 6364136223846793005u + i;
}

__attribute__((noinline)) static void hot(void)
{
	spin(20000000);
}

__attribute__((noinline)) static void nap(void)
{
	usleep(5000);
}

static void *worker(void *unused)
{
	(void)unused;
	for (;;) {
		nap();
		spin(1000000);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, worker, NULL))
		return 1;
	pthread_setname_np(thread, "sleepy; \"x\"");
	for (;;) {
		hot();
		usleep(1000);
	}
}
