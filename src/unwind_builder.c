// SPDX-License-Identifier: MIT
#include "unwind_builder.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "thread.h"

struct job {
	const struct image *image;
	void *job;
};

struct unwind_builder {
	struct unwind_rules *rules; /* the thread's */
	struct scope_unwind_rule *ret_rules;
	pthread_t thread;
	bool has_thread; /* where none is to be had, jobs are done as they are added */
	int event_fd;	 /* -1: nobody can wait for it */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	ARRAY(struct job) jobs; /* [0] is under way, or next */
	ARRAY(struct unwind_built) built;
	uint32_t rule_count;
	bool ends;
};

static void publish_rules(struct unwind_builder *b)
{
	uint32_t have = b->rule_count, count = unwind_rules_count(b->rules);

	memcpy(b->ret_rules + have, unwind_rules_items(b->rules) + have,
	       (count - have) * sizeof(*b->ret_rules));
}

static struct unwind_built build(struct unwind_builder *b, const struct job *job)
{
	struct unwind_built built = { .job = job->job };
	nsec_t begun = clock_now();

	built.error = unwind_table_build(job->image->fd, job->image->size, b->rules, &built.table);
	built.build_ns = clock_now() - begun;
	return built;
}

/* The first job has become a table: the lock is held. */
static void finish(struct unwind_builder *b, const struct unwind_built *built)
{
	const uint64_t one = 1;

	*array_push(&b->built) = *built;
	b->jobs.count--;
	memmove(b->jobs.items, b->jobs.items + 1, b->jobs.count * sizeof(*b->jobs.items));
	b->rule_count = unwind_rules_count(b->rules);
	pthread_cond_broadcast(&b->changed);
	if (b->event_fd >= 0) /* fails only when it is readable already */
		(void)!write(b->event_fd, &one, sizeof(one));
}

static void *run(void *context)
{
	struct unwind_builder *b = context;

	pthread_mutex_lock(&b->lock);
	while (!b->ends) {
		struct unwind_built built;
		struct job job;

		if (!b->jobs.count) {
			pthread_cond_wait(&b->changed, &b->lock);
			continue;
		}
		job = b->jobs.items[0];
		pthread_mutex_unlock(&b->lock);
		built = build(b, &job);
		publish_rules(b);
		pthread_mutex_lock(&b->lock);
		finish(b, &built);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

struct unwind_builder *unwind_builder_new(struct scope_unwind_rule *ret_rules)
{
	struct unwind_builder *b = mem_alloc(sizeof(*b));

	b->rules = unwind_rules_new();
	b->ret_rules = ret_rules;
	b->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	publish_rules(b);
	b->rule_count = unwind_rules_count(b->rules);
	b->has_thread = thread_start(&b->thread, run, b);
	return b;
}

void unwind_builder_free(struct unwind_builder **builder)
{
	struct unwind_builder *b = *builder;

	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->ends = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	if (b->has_thread)
		pthread_join(b->thread, NULL);
	for (size_t i = 0; i < b->built.count; i++)
		unwind_table_free(&b->built.items[i].table);
	array_free(&b->built);
	array_free(&b->jobs);
	unwind_rules_free(&b->rules);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	if (b->event_fd >= 0)
		close(b->event_fd);
	free(b);
	*builder = NULL;
}

void unwind_builder_add(struct unwind_builder *b, const struct image *image, void *job)
{
	pthread_mutex_lock(&b->lock);
	*array_push(&b->jobs) = (struct job){ image, job };
	if (b->has_thread) {
		pthread_cond_broadcast(&b->changed);
	} else {
		struct unwind_built built = build(b, &b->jobs.items[0]);

		publish_rules(b);
		finish(b, &built);
	}
	pthread_mutex_unlock(&b->lock);
}

bool unwind_builder_take(struct unwind_builder *b, bool wait, struct unwind_built *ret_built)
{
	uint64_t events;
	bool found;

	pthread_mutex_lock(&b->lock);
	while (wait && !b->built.count && b->jobs.count)
		pthread_cond_wait(&b->changed, &b->lock);
	found = b->built.count > 0;
	if (found) {
		*ret_built = b->built.items[0];
		b->built.count--;
		memmove(b->built.items, b->built.items + 1,
			b->built.count * sizeof(*b->built.items));
	} else if (b->event_fd >= 0) { /* fails only when it is not readable */
		(void)!read(b->event_fd, &events, sizeof(events));
	}
	pthread_mutex_unlock(&b->lock);
	return found;
}

int unwind_builder_fd(const struct unwind_builder *b)
{
	return b->event_fd;
}

uint32_t unwind_builder_rules(struct unwind_builder *b)
{
	uint32_t count;

	pthread_mutex_lock(&b->lock);
	count = b->rule_count;
	pthread_mutex_unlock(&b->lock);
	return count;
}
