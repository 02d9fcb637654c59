// SPDX-License-Identifier: MIT
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

void words_split(char *line, struct words *ret_words)
{
	char *save = NULL;

	ret_words->count = ret_words->next = 0;
	for (char *at = line; (at = strchr(at, '#')); at++)
		if (at == line || strchr(" \t", at[-1])) {
			*at = 0;
			break;
		}
	for (char *word = strtok_r(line, " \t\r\n", &save); word;
	     word = strtok_r(NULL, " \t\r\n", &save)) {
		if (ret_words->count == WORDS_MAX)
			give_up("more than %d words in a line", WORDS_MAX);
		ret_words->at[ret_words->count++] = word;
	}
}

const char *words_take(struct words *w)
{
	if (w->next == w->count)
		give_up("a word is missing after '%s'", w->count ? w->at[w->count - 1] : "");
	return w->at[w->next++];
}

bool words_is(struct words *w, const char *word)
{
	if (w->next == w->count || strcmp(w->at[w->next], word))
		return false;
	w->next++;
	return true;
}

bool words_end(const struct words *w)
{
	return w->next == w->count;
}

__s64 parse_time(const char *word)
{
	static const struct {
		const char *name;
		long double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3L }, { "ms", 1e6L }, { "s", 1e9L } };
	char *end;
	long double number = strtold(word, &end);

	if (end != word && !*end && number == 0)
		return 0;
	for (size_t i = 0; end != word && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name))
			return llroundl(number * units[i].ns);
	give_up("not a time: %s", word);
}

__u64 parse_instant(const char *word)
{
	if (strncmp(word, "T+", 2))
		give_up("not an instant: %s", word);
	return KERNEL_TIME_0 + (__u64)parse_time(word + 2);
}

__u32 parse_number(const char *word)
{
	char *end;
	unsigned long number = strtoul(word, &end, 10);

	if (end == word || *end || number > 0xffffffff)
		give_up("not a number: %s", word);
	return (__u32)number;
}

__u32 parse_cpu(const char *word)
{
	__u32 cpu = strncmp(word, "cpu", 3) ? WORLD_CPUS : parse_number(word + 3);

	if (cpu >= WORLD_CPUS)
		give_up("not a CPU of this world: %s", word);
	return cpu;
}

/* Names become addresses: far enough apart that none is inside another's function. */
static __u64 address_of(const char *name, enum scope_stack_kind kind)
{
	static char *names[256];
	size_t i;

	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			break;
	if (i + 1 == sizeof(names) / sizeof(names[0]))
		give_up("too many functions");
	if (!names[i])
		names[i] = strdup(name);
	return (kind == SCOPE_STACK_KERNEL ? 0xffffffff81000000 : 0x400000) + (i + 1) * 0x100;
}

void parse_stack(const char *word, enum scope_stack_kind kind, struct stack_plan *ret_plan)
{
	char *copy = strdup(word), *save = NULL, *frames[SCOPE_MAX_FRAMES];
	__u32 count = 0;

	memset(ret_plan, 0, sizeof(*ret_plan));
	for (char *f = strtok_r(copy, ";", &save); f; f = strtok_r(NULL, ";", &save)) {
		if (count == SCOPE_MAX_FRAMES)
			give_up("too many frames in %s", word);
		frames[count++] = f;
	}
	if (strcmp(word, "-"))
		ret_plan->count = count;
	for (__u32 i = 0; i < ret_plan->count; i++)
		ret_plan->ips[i] = address_of(frames[count - 1 - i], kind);
	free(copy);
}

__u32 parse_task_state(const char *word)
{
	/* include/linux/sched.h */
	static const struct {
		char letter;
		__u32 state;
	} letters[] = {
		{ 'S', 0x1 },	/* TASK_INTERRUPTIBLE */
		{ 'D', 0x2 },	/* TASK_UNINTERRUPTIBLE */
		{ 'T', 0x4 },	/* __TASK_STOPPED */
		{ 't', 0x8 },	/* __TASK_TRACED */
		{ 'X', 0x80 },	/* TASK_DEAD */
		{ 'K', 0x102 }, /* TASK_KILLABLE */
		{ 'W', 0x200 }, /* TASK_WAKING: a waker is at it already */
		{ 'I', 0x402 }, /* TASK_IDLE */
	};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (word[0] == letters[i].letter && !word[1])
			return letters[i].state;
	give_up("not a state: %s", word);
}
