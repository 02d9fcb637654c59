// SPDX-License-Identifier: MIT
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "code.h"
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

enum { NAMES = 255 };

static struct {
	char *name;
	__u32 image;
} names[NAMES + 1];

/* Names become addresses: far enough apart that none is inside another's function. */
static __u64 address_of(const char *name, enum scope_stack_kind kind)
{
	size_t length = strcspn(name, "+"), i;
	__u64 off = name[length] ? parse_number(name + length + 1) : 0;

	for (i = 0; names[i].name; i++)
		if (!strncmp(names[i].name, name, length) && !names[i].name[length])
			break;
	if (i == NAMES)
		give_up("too many functions");
	if (!names[i].name) {
		names[i].name = strndup(name, length);
		names[i].image = names[i].image ? names[i].image : 1;
	}
	return (kind == SCOPE_STACK_KERNEL ? 0xffffffff81000000 : CODE_BASE(names[i].image)) + off +
	       (i + 1) * 2 * CODE_REACH + (kind == SCOPE_STACK_KERNEL ? 0 : CODE_REACH);
}

__u64 parse_function(const char *name, __u32 image)
{
	size_t i;

	for (i = 0; names[i].name && strcmp(names[i].name, name); i++)
		;
	if (!names[i].name)
		names[i].image = image;
	return address_of(name, SCOPE_STACK_USER);
}

/* "+16", "-8": from there on */
static __s32 take_offset(const char **at)
{
	char *end;
	long number = strtol(*at, &end, 10);

	if (end == *at || (**at != '+' && **at != '-'))
		give_up("not an offset: %s", *at);
	*at = end;
	return (__s32)number;
}

/* What "sp+16", "*bp-8+0" and so on begin with. */
static const struct {
	const char *text;
	enum scope_cfa cfa;
} cfa_names[] = {
	{ "none", SCOPE_CFA_NONE }, { "end", SCOPE_CFA_END },	    { "signal", SCOPE_CFA_SIGNAL },
	{ "sp", SCOPE_CFA_SP },	    { "bp", SCOPE_CFA_BP },	    { "*sp", SCOPE_CFA_DEREF_SP },
	{ "*bp", SCOPE_CFA_DEREF_BP }, { "plt", SCOPE_CFA_PLT }, { "reg", SCOPE_CFA_REG },
	{ "far", SCOPE_CFA_BP_FAR },
};

/* bp@cfa-16, bp@bp+0, bx@cfa-24, bx@lost, ra@reg5: where the caller's is */
static void take_place(const char *at, struct scope_unwind_rule *rule)
{
	if (!strncmp(at, "ra@reg", 6)) {
		rule->ra = SCOPE_RA_LINK;
		rule->reg = (__u8)parse_number(at + 6);
	} else if (!strcmp(at, "bx@lost")) {
		rule->bx_off = SCOPE_BX_LOST;
	} else if (!strncmp(at, "bx@cfa", 6)) {
		at += 6;
		rule->bx_off = (__s16)take_offset(&at);
	} else if (!strncmp(at, "bp@cfa", 6)) {
		at += 6;
		rule->bp = SCOPE_BP_CFA;
		rule->bp_off = (__s16)take_offset(&at);
	} else if (!strncmp(at, "bp@bp", 5)) {
		at += 5;
		rule->bp = SCOPE_BP_BP;
		rule->bp_off = (__s16)take_offset(&at);
	} else {
		give_up("nothing is kept in %s", at);
	}
}

/* sp+24 bp@cfa-16 | sp+0 ra@reg5 | bp+16 bp@cfa-16 | reg10+8 | reg3+8 bx@cfa-24 | *sp+40+8 |
 * *bp-8+0 bp@bp+0 | plt+8+11 | far+16 | signal | end | none */
struct scope_unwind_rule parse_rule(struct words *w)
{
	struct scope_unwind_rule rule = { .ra_off = -8 };
	const char *at = words_take(w);
	size_t length = strcspn(at, "+-0123456789"), i;

	for (i = 0; i < sizeof(cfa_names) / sizeof(cfa_names[0]); i++)
		if (strlen(cfa_names[i].text) == length && !strncmp(cfa_names[i].text, at, length))
			break;
	if (i == sizeof(cfa_names) / sizeof(cfa_names[0]))
		give_up("not a rule: %s", at);
	rule.cfa = (__u8)cfa_names[i].cfa;
	at += length;
	if (rule.cfa == SCOPE_CFA_REG)
		rule.reg = (__u8)strtoul(at, (char **)&at, 10);
	if (*at)
		rule.cfa_off = take_offset(&at);
	if (*at)
		rule.add = (__s16)take_offset(&at);
	while (!words_end(w))
		take_place(words_take(w), &rule);
	return rule;
}

void parse_stack(const char *word, enum scope_stack_kind kind, struct stack_plan *ret_plan)
{
	char *copy = strdup(word), *save = NULL, *frames[NAMES];
	__u32 count = 0;

	memset(ret_plan, 0, sizeof(*ret_plan));
	for (char *f = strtok_r(copy, ";", &save); f; f = strtok_r(NULL, ";", &save)) {
		if (count == NAMES)
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
