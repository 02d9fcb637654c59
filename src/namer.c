// SPDX-License-Identifier: MIT
#include "namer.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "mem.h"
#include "table.h"
#include "thread.h"

#define SYMBOLS_BYTES_MAX ((size_t)256 << 20)

struct question {
	const struct image *image;
	uint64_t vaddr;
};

/* What is known of one address. */
struct answer {
	size_t first; /* in symbols */
	uint32_t count;
};

/* An image that was asked for. */
struct named {
	const struct image *image;
	struct symbolizer *symbolizer; /* NULL: closed */
	size_t bytes;		       /* that it holds, when it was last used */
	uint64_t used;		       /* when, by a count of uses */
	ARRAY(uint64_t) pending;
	size_t resolved;      /* addresses, so far */
	struct table answers; /* by vaddr */
	ARRAY(struct answer) items;
};

struct namer {
	struct symbolize_options options;
	size_t max_bytes;
	struct table seen; /* struct question: what was wanted */
	ARRAY(struct question) wanted;

	pthread_t thread;
	bool has_thread;
	sem_t calls; /* something was handed over, or it is to end */
	atomic_bool ends;
	/* Of `handed`. Nobody waits for the thread to leave it: at idle priority that may take long. */
	pthread_mutex_t lock;
	ARRAY(struct question) handed;

	/* The thread's, until it has ended. */
	struct table by_image;
	ARRAY(struct named) images; /* the same order */
	ARRAY(struct symbol) symbols;
	struct strings texts;
	size_t bytes;
	uint64_t uses;
	struct namer_stats stats;
};

/* --- names ------------------------------------------------------------------------------------- */

static struct named *named_of(struct namer *n, const struct image *image)
{
	bool is_new;
	uint32_t id = table_add(&n->by_image, &image, &is_new);
	struct named *named;

	if (!is_new)
		return &n->images.items[id];
	named = array_push(&n->images);
	named->image = image;
	table_init(&named->answers, sizeof(uint64_t));
	return named;
}

static void close_symbols(struct namer *n, struct named *named)
{
	symbolizer_close(&named->symbolizer);
	n->bytes -= named->bytes;
	named->bytes = 0;
}

/* Closes until the bound holds; those last that were used last. */
static void keep_bound(struct namer *n)
{
	while (n->bytes > n->max_bytes) {
		struct named *oldest = NULL;

		for (size_t i = 0; i < n->images.count; i++) {
			struct named *named = &n->images.items[i];

			if (named->bytes && (!oldest || named->used < oldest->used))
				oldest = named;
		}
		close_symbols(n, oldest);
	}
}

static const char *keep_text(struct namer *n, const char *text)
{
	return text ? strings_get(&n->texts, strings_add(&n->texts, text)) : NULL;
}

/* Looks an address up and keeps the answer. */
static struct answer look_up(struct namer *n, struct named *named, uint64_t vaddr)
{
	struct symbol symbols[SYMBOLIZE_MAX];
	struct answer answer = { .first = n->symbols.count };

	answer.count = (uint32_t)symbolizer_ask(named->symbolizer, vaddr, symbols);
	for (uint32_t i = 0; i < answer.count; i++) {
		symbols[i].name = keep_text(n, symbols[i].name);
		symbols[i].file = keep_text(n, symbols[i].file);
		*array_push(&n->symbols) = symbols[i];
	}
	table_add(&named->answers, &vaddr, NULL);
	*array_push(&named->items) = answer;
	named->resolved++;
	return answer;
}

static void begin_use(struct namer *n, struct named *named)
{
	if (!named->symbolizer)
		named->symbolizer = symbolizer_open(named->image, &n->options);
}

static void end_use(struct namer *n, struct named *named)
{
	size_t bytes = symbolizer_bytes(named->symbolizer);

	n->bytes += bytes - named->bytes;
	named->bytes = bytes;
	named->used = ++n->uses;
	keep_bound(n);
}

/* --- the thread -------------------------------------------------------------------------------- */

static int compare_addresses(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What an image costs to open is to be worth it. */
static bool is_worth_it(const struct named *named)
{
	return named->pending.count &&
	       (named->symbolizer || named->pending.count >= named->resolved);
}

static void work_off(struct namer *n, struct named *named)
{
	qsort(named->pending.items, named->pending.count, sizeof(*named->pending.items),
	      compare_addresses);
	n->stats.opened += !named->symbolizer;
	begin_use(n, named);
	for (size_t i = 0; i < named->pending.count && !atomic_load(&n->ends); i++) {
		look_up(n, named, named->pending.items[i]);
		n->stats.resolved++;
	}
	named->pending.count = 0;
	end_use(n, named);
}

static void run_at_idle_priority(void)
{
	struct sched_param param = { 0 };

	/* where this is refused, the thread runs as the others do */
	pthread_setschedparam(pthread_self(), SCHED_IDLE, &param);
}

static void take_questions(struct namer *n)
{
	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; i < n->handed.count; i++) {
		const struct question *question = &n->handed.items[i];

		*array_push(&named_of(n, question->image)->pending) = question->vaddr;
	}
	n->handed.count = 0;
	pthread_mutex_unlock(&n->lock);
}

static void *run(void *context)
{
	struct namer *n = context;

	run_at_idle_priority();
	while (!atomic_load(&n->ends)) {
		if (sem_wait(&n->calls))
			continue;
		take_questions(n);
		for (size_t i = 0; i < n->images.count && !atomic_load(&n->ends); i++)
			if (is_worth_it(&n->images.items[i]))
				work_off(n, &n->images.items[i]);
	}
	n->stats.cpu_ns = clock_read(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

/* --- from outside ------------------------------------------------------------------------------ */

struct namer *namer_new(const struct namer_config *config)
{
	struct namer *n = mem_alloc(sizeof(*n));

	n->options = config->options;
	n->max_bytes = config->max_bytes ? config->max_bytes : SYMBOLS_BYTES_MAX;
	table_init(&n->seen, sizeof(struct question));
	table_init(&n->by_image, sizeof(const struct image *));
	strings_init(&n->texts);
	sem_init(&n->calls, 0, 0);
	pthread_mutex_init(&n->lock, NULL);
	n->has_thread = thread_start(&n->thread, run, n);
	return n;
}

void namer_free(struct namer **namer)
{
	struct namer *n = *namer;

	if (!n)
		return;
	namer_finish(n);
	for (size_t i = 0; i < n->images.count; i++) {
		struct named *named = &n->images.items[i];

		symbolizer_close(&named->symbolizer);
		array_free(&named->pending);
		table_free(&named->answers);
		array_free(&named->items);
	}
	array_free(&n->images);
	array_free(&n->symbols);
	array_free(&n->wanted);
	array_free(&n->handed);
	table_free(&n->seen);
	table_free(&n->by_image);
	strings_free(&n->texts);
	pthread_mutex_destroy(&n->lock);
	sem_destroy(&n->calls);
	free(n);
	*namer = NULL;
}

void namer_want(struct namer *n, const struct image *image, uint64_t vaddr)
{
	struct question question = { image, vaddr };
	bool is_new;

	table_add(&n->seen, &question, &is_new);
	if (is_new && n->has_thread)
		*array_push(&n->wanted) = question;
}

void namer_hand_over(struct namer *n)
{
	if (!n->wanted.count || pthread_mutex_trylock(&n->lock))
		return; /* then the next time */
	for (size_t i = 0; i < n->wanted.count; i++)
		*array_push(&n->handed) = n->wanted.items[i];
	pthread_mutex_unlock(&n->lock);
	n->wanted.count = 0;
	sem_post(&n->calls);
}

void namer_finish(struct namer *n)
{
	struct sched_param param = { 0 };

	if (!n->has_thread)
		return;
	/* we wait for it, so it waits for nobody; where this is refused, until a CPU is idle */
	pthread_setschedparam(n->thread, SCHED_OTHER, &param);
	atomic_store(&n->ends, true);
	sem_post(&n->calls);
	pthread_join(n->thread, NULL);
	n->has_thread = false;
	n->stats.wanted = n->seen.count;
}

void namer_resolve(struct namer *n, const struct image *image, const uint64_t *vaddrs, size_t count,
		   symbolize_sink *sink, void *context)
{
	struct named *named = named_of(n, image);

	begin_use(n, named);
	for (size_t i = 0; i < count; i++) {
		uint32_t id = table_find(&named->answers, &vaddrs[i]);
		struct answer answer = id == TABLE_NONE ? look_up(n, named, vaddrs[i])
							: named->items.items[id];

		if (answer.count)
			sink(context, i, n->symbols.items + answer.first, answer.count);
	}
	end_use(n, named);
}

void namer_stats(const struct namer *n, struct namer_stats *ret_stats)
{
	*ret_stats = n->stats;
}
