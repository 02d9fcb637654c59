// SPDX-License-Identifier: MIT
/*
 * demo - a small program with something of everything, for `make run`: it computes, it waits for a
 * lock, for a pipe and for time, and its workers queue for the CPU. Ends when it is told to, or
 * after a minute.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define RUN_S   60
#define WORKERS 3

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile uint64_t sink;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noinline)) static void compute(unsigned rounds)
{
	for (unsigned i = 0; i < rounds * 1000; i++)
		sink = sink * 6364136223846793005u + i;
}

__attribute__((noinline)) static void hold_lock(void)
{
	pthread_mutex_lock(&lock);
	compute(200);
	pthread_mutex_unlock(&lock);
}

__attribute__((noinline)) static void pause_briefly(void)
{
	usleep(3000);
}

static void *worker(void *end)
{
	while (now_s() < *(double *)end) {
		hold_lock();
		compute(400);
		pause_briefly();
	}
	return NULL;
}

static void *reader(void *fd)
{
	char byte;

	while (read(*(int *)fd, &byte, 1) == 1)
		compute(20);
	return NULL;
}

int main(void)
{
	pthread_t workers[WORKERS], consumer;
	double end = now_s() + RUN_S;
	int fds[2];

	if (pipe(fds)) {
		perror("pipe");
		return 1;
	}
	pthread_create(&consumer, NULL, reader, &fds[0]);
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&workers[i], NULL, worker, &end);
	while (now_s() < end) {
		if (write(fds[1], "x", 1) != 1)
			break;
		usleep(20000);
	}
	close(fds[1]);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	pthread_join(consumer, NULL);
	return 0;
}
