// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "losses.h"
#include "report.h"
#include "sink.h"
#include "timeline.h"
#include "turns.h"

struct expectation {
	struct words words;
	int line;
};

static struct expectation expected[256];
static size_t count;
static bool loss_expected[SCOPE_LOSS_COUNT];
static __u32 raws_expected, spaces_expected;
static bool raws_any;

void expect_add(struct words *w, int line)
{
	struct expectation *e = &expected[count++];

	if (count == sizeof(expected) / sizeof(expected[0]))
		give_up("too many expectations");
	*e = (struct expectation){ *w, line };
	for (int i = 0; i < w->count; i++)
		e->words.at[i] = strdup(w->at[i]);
}

static void compare(const char *what, __u64 have, __u64 wanted)
{
	if (have != wanted)
		fail("%s is %llu, not %llu", what, have, wanted);
}

static const char *const state_names[] = { "on", "runq", "off", "dead" };

/* --- threads ---------------------------------------------------------------------------------- */

/* "101": all its lives together; "101#2": the second. */
static struct life gather_life(const char *word, size_t *ret_lives)
{
	const char *sharp = strchr(word, '#');
	__u32 only = sharp ? parse_number(sharp + 1) : 0, tid;
	struct life all = { 0 };
	char digits[16] = "";

	strncpy(digits, word, strcspn(word, "#") < 15 ? strcspn(word, "#") : 15);
	tid = parse_number(digits);
	*ret_lives = 0;
	for (size_t i = 0; i < sink.life_count; i++) {
		const struct life *l = &sink.lives[i];
		struct scope_thread t = all.t;

		if (l->t.tid != tid || (++*ret_lives != only && only))
			continue;
		all.t = l->t;
		all.t.switches += t.switches;
		all.alive_ns += l->alive_ns;
		for (int s = 0; s < SCOPE_STATES; s++) {
			all.ns[s] += l->ns[s];
			all.t.init_ns[s] += t.init_ns[s];
			all.t.other_cpu_ns[s] += t.other_cpu_ns[s];
		}
	}
	return all;
}

static const struct {
	const char *name;
	__u32 flag;
} flag_names[] = {
	{ "kernel-thread", SCOPE_THREAD_KTHREAD },
	{ "died", SCOPE_THREAD_DEAD },
	{ "born", SCOPE_THREAD_BORN },
	{ "no-event", SCOPE_THREAD_NO_EVENT },
	{ "thinned", SCOPE_THREAD_THINNED },
};

/* expect 101 on 3us runq 1us off 2us [alive 6us] [init-off 2us] [other-on 1us] [switches 2]
 * [lives 2] [comm work] [state off] [born|died|no-event|kernel-thread|thinned]; a state not named has no
 * time, a flag not named is not set */
static void expect_thread(struct words *w)
{
	size_t lives;
	struct life l = gather_life(words_take(w), &lives);
	__u64 ns[SCOPE_STATES] = { 0 };
	__u32 flags = 0;

	if (!lives)
		fail("there is no record of it");
	while (!words_end(w)) {
		const char *word = words_take(w);
		bool known = false;

		for (__u32 s = 0; s < SCOPE_STATES && !known; s++) {
			const char *tail = strchr(word, '-');

			if (!strcmp(word, state_names[s]))
				ns[s] = (__u64)parse_time(words_take(w));
			else if (tail && !strcmp(tail + 1, state_names[s]) && word[0] == 'i')
				compare(word, l.t.init_ns[s], (__u64)parse_time(words_take(w)));
			else if (tail && !strcmp(tail + 1, state_names[s]) && word[0] == 'o')
				compare(word, l.t.other_cpu_ns[s],
					(__u64)parse_time(words_take(w)));
			else
				continue;
			known = true;
		}
		for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
			if (!strcmp(word, flag_names[i].name)) {
				flags |= flag_names[i].flag;
				known = true;
			}
		if (known)
			continue;
		if (!strcmp(word, "alive"))
			compare(word, l.alive_ns, (__u64)parse_time(words_take(w)));
		else if (!strcmp(word, "switches"))
			compare(word, l.t.switches, parse_number(words_take(w)));
		else if (!strcmp(word, "lives"))
			compare(word, lives, parse_number(words_take(w)));
		else if (!strcmp(word, "unaccounted"))
			compare(word, l.alive_ns - l.ns[0] - l.ns[1] - l.ns[2],
				(__u64)parse_time(words_take(w)));
		else if (!strcmp(word, "comm") && strcmp(words_take(w), l.t.comm))
			fail("comm is %s", l.t.comm);
		else if (!strcmp(word, "state") && strcmp(words_take(w), state_names[l.t.state]))
			fail("state is %s", state_names[l.t.state]);
		else if (strcmp(word, "comm") && strcmp(word, "state"))
			give_up("what is %s?", word);
	}
	for (int s = 0; s < SCOPE_STATES; s++)
		compare(state_names[s], l.ns[s], ns[s]);
	compare("flags", l.t.flags, flags);
}

static void expect_none(struct words *w)
{
	size_t lives;

	gather_life(words_take(w), &lives);
	compare("number of records", lives, 0);
}

/* --- stacks ----------------------------------------------------------------------------------- */

struct match {
	__u64 thread_tid;
	struct stack_plan user, kernel;
	bool with_user, with_kernel, with_reason, with_end, with_thinning;
	__u32 end, thinning;
	__u32 reason;
};

static const struct {
	const char *name;
	__u32 bit;
} reason_names[] = {
	{ "syscall", SCOPE_REASON_SYSCALL },	 { "compat", SCOPE_REASON_COMPAT },
	{ "fault", SCOPE_REASON_FAULT },	 { "D", SCOPE_REASON_D },
	{ "iowait", SCOPE_REASON_IOWAIT },	 { "stopped", SCOPE_REASON_STOPPED },
	{ "preempted", SCOPE_REASON_PREEMPTED }, { "kthread", SCOPE_REASON_KTHREAD },
	{ "short", SCOPE_REASON_SHORT },
};

/* syscall:202+D+iowait; "-": none */
static __u32 parse_reason(const char *word)
{
	char *copy, *save = NULL;
	__u32 reason = 0;

	if (!strcmp(word, "-"))
		return 0;
	copy = strdup(word);
	for (char *part = strtok_r(copy, "+", &save); part; part = strtok_r(NULL, "+", &save)) {
		char *colon = strchr(part, ':');
		size_t i;

		if (colon) {
			*colon = 0;
			reason |= parse_number(colon + 1);
		}
		for (i = 0; i < sizeof(reason_names) / sizeof(reason_names[0]); i++)
			if (!strcmp(reason_names[i].name, part))
				break;
		if (i == sizeof(reason_names) / sizeof(reason_names[0]))
			give_up("not a reason: %s", part);
		reason |= reason_names[i].bit;
	}
	free(copy);
	return reason;
}

static const char *const end_names[SCOPE_ENDS] = {
	[SCOPE_END_COMPLETE] = "complete",     [SCOPE_END_TRUNCATED] = "truncated",
	[SCOPE_END_NO_RULE] = "no-rule",       [SCOPE_END_UNREADABLE] = "unreadable",
	[SCOPE_END_UNMAPPED] = "unmapped",
};

static __u32 parse_end(const char *word)
{
	__u32 end = 0;

	while (end < SCOPE_ENDS && strcmp(end_names[end], word))
		end++;
	if (end == SCOPE_ENDS)
		give_up("not an end: %s", word);
	return end;
}

static bool take_match(struct words *w, struct match *m)
{
	if (words_is(w, "user")) {
		m->with_user = true;
		parse_stack(words_take(w), SCOPE_STACK_USER, &m->user);
	} else if (words_is(w, "kernel")) {
		m->with_kernel = true;
		parse_stack(words_take(w), SCOPE_STACK_KERNEL, &m->kernel);
	} else if (words_is(w, "reason")) {
		m->with_reason = true;
		m->reason = parse_reason(words_take(w));
	} else if (words_is(w, "thinning")) {
		m->with_thinning = true;
		m->thinning = parse_number(words_take(w));
	} else if (words_is(w, "end")) {
		m->with_end = true;
		m->end = parse_end(words_take(w));
	} else {
		return false;
	}
	return true;
}

static bool ends_in(__u64 id, __u32 end)
{
	const struct sent_stack *s = sink_stack(id);

	return s && s->end == end;
}

static bool is_stack(__u64 id, const struct stack_plan *plan)
{
	const struct sent_stack *s = sink_stack(id);

	if (!plan->count || !id)
		return !id && !plan->count;
	return s && s->count == plan->count && !memcmp(s->ips, plan->ips, plan->count * 8u);
}

static bool is_thread(__u64 thread, __u64 tid)
{
	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (t->tid == tid && thread_id(t->tid, t->start_time_ns) == thread)
			return true;
	return false;
}

static bool matches(const struct match *m, __u64 thread, __u64 ustack, __u64 kstack, __u32 reason)
{
	return is_thread(thread, m->thread_tid) && (!m->with_user || is_stack(ustack, &m->user)) &&
	       (!m->with_end || ends_in(ustack, m->end)) &&
	       (!m->with_kernel || is_stack(kstack, &m->kernel)) &&
	       (!m->with_reason || m->reason == reason);
}

static bool is_thinning(const struct match *m, __u32 thinning)
{
	return !m->with_thinning || m->thinning == thinning;
}

/* A time and, perhaps, how often: 3us x2 */
static void take_amount(struct words *w, __u64 *ns, __s64 *times)
{
	*ns = (__u64)parse_time(words_take(w));
	if (!words_end(w) && w->at[w->next][0] == 'x')
		*times = parse_number(words_take(w) + 1);
}

/* Blocked, and then waiting for a CPU; a number of times below 0: any. */
struct waits {
	__u64 off, runq;
	__s64 off_times, runq_times;
};

static bool take_waits(struct words *w, struct waits *waits)
{
	if (words_is(w, "off"))
		take_amount(w, &waits->off, &waits->off_times);
	else if (words_is(w, "runq"))
		take_amount(w, &waits->runq, &waits->runq_times);
	else
		return false;
	return true;
}

static void compare_waits(const struct scope_sum_value *have, const struct waits *wanted)
{
	compare("off", have->off_ns, wanted->off);
	compare("runq", have->runq_ns, wanted->runq);
	if (wanted->off_times >= 0)
		compare("off intervals", have->off_count, (__u64)wanted->off_times);
	if (wanted->runq_times >= 0)
		compare("runq intervals", have->runq_count, (__u64)wanted->runq_times);
}

/* expect-sum 101 [off 3us x1] [runq 1us x1] [user main;read] [kernel schedule] [reason syscall:0] [thinning 2]:
 * finished intervals under stacks and reasons that match, sent or still in the account */
static void expect_sum(struct words *w)
{
	struct match m = { .thread_tid = parse_number(words_take(w)) };
	struct waits waits = { .off_times = -1, .runq_times = -1 };
	struct scope_sum_value have = { 0 };

	while (!words_end(w)) {
		if (!take_waits(w, &waits) && !take_match(w, &m))
			give_up("what is %s?", w->at[w->next]);
	}
	for (size_t i = 0; i < sink.sum_count; i++) {
		const struct scope_sum *s = &sink.sums[i];

		if (!matches(&m, s->thread, s->ustack, s->kstack, s->reason) ||
		    !is_thinning(&m, s->thinning))
			continue;
		have.off_ns += s->off_ns;
		have.off_count += s->off_count;
		have.runq_ns += s->runq_ns;
		have.runq_count += s->runq_count;
	}
	for (size_t i = 0; i < sink.life_count; i++) {
		const struct scope_thread *t = &sink.lives[i].t;
		const struct scope_waits *both[] = { &t->here, &t->before };

		for (int n = 0; n < 2; n++) {
			if (!matches(&m, t->thread, both[n]->ustack, both[n]->kstack, both[n]->reason) ||
			    !is_thinning(&m, both[n]->thinning))
				continue;
			have.off_ns += both[n]->off_ns;
			have.off_count += both[n]->off_count;
			have.runq_ns += both[n]->runq_ns;
			have.runq_count += both[n]->runq_count;
		}
	}
	compare_waits(&have, &waits);
}

/* expect-thinned 101 off 3us x1 runq 1us x1: waits that were given no stack */
static void expect_thinned(struct words *w)
{
	__u32 tid = parse_number(words_take(w));
	struct scope_sum_value have = { 0 };
	struct waits waits = { 0 };

	while (!words_end(w))
		if (!take_waits(w, &waits))
			give_up("what is %s?", w->at[w->next]);
	for (size_t i = 0; i < sink.life_count; i++) {
		const struct scope_thread *t = &sink.lives[i].t;

		if (t->tid != tid)
			continue;
		have.off_ns += t->thinned_off_ns;
		have.off_count += t->thinned_off_count;
		have.runq_ns += t->thinned_runq_ns;
		have.runq_count += t->thinned_runq_count;
	}
	compare_waits(&have, &waits);
}

/* expect-cost waits 5 taken 2 probe 3us on 1ms: what all CPUs have counted */
static void expect_cost(struct words *w)
{
	struct scope_cost all = { 0 };
	__u32 zero = 0;

	for (__u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
		const struct scope_cost *cost;

		kernel.cpu = cpu;
		cost = bpf_map_lookup_elem(&costs, &zero);
		all.on_ns += cost->on_ns;
		all.probe_ns += cost->probe_ns;
		all.waits += cost->waits;
		all.taken += cost->taken;
	}
	while (!words_end(w)) {
		if (words_is(w, "waits"))
			compare("waits", all.waits, parse_number(words_take(w)));
		else if (words_is(w, "taken"))
			compare("taken", all.taken, parse_number(words_take(w)));
		else if (words_is(w, "probe"))
			compare("probe", all.probe_ns, (__u64)parse_time(words_take(w)));
		else if (words_is(w, "on"))
			compare("on", all.on_ns, (__u64)parse_time(words_take(w)));
		else
			give_up("what is %s?", w->at[w->next]);
	}
}

/* expect-last 101 user main;read kernel schedule reason syscall:0: what it was in at the end */
static void expect_last(struct words *w)
{
	size_t lives;
	const char *who = words_take(w);
	struct life l = gather_life(who, &lives);
	struct match m = { .thread_tid = l.t.tid };

	while (!words_end(w))
		if (!take_match(w, &m))
			give_up("what is %s?", w->at[w->next]);
	if (!lives || !matches(&m, l.t.thread, l.t.here.ustack, l.t.here.kstack, l.t.here.reason))
		fail("%s is under another stack or reason (%x)", who, l.t.here.reason);
}

/* expect-ticks 101 3 [user main] [kernel -] */
static void expect_ticks(struct words *w)
{
	struct match m = { .thread_tid = parse_number(words_take(w)) };
	__u64 wanted = parse_number(words_take(w)), have = 0;

	while (!words_end(w))
		if (!take_match(w, &m))
			give_up("what is %s?", w->at[w->next]);
	for (size_t i = 0; i < sink.tick_count; i++)
		if (matches(&m, sink.ticks[i].thread, sink.ticks[i].ustack, sink.ticks[i].kstack,
			    0))
			have += sink.ticks[i].count;
	compare("ticks", have, wanted);
}

/* expect-stack user main;read 2: how often it was sent, for all processes together */
static void expect_stack(struct words *w)
{
	enum scope_stack_kind kind = words_is(w, "user") ? SCOPE_STACK_USER : SCOPE_STACK_KERNEL;
	struct stack_plan plan;
	__u64 times = 0;

	if (kind == SCOPE_STACK_KERNEL && !words_is(w, "kernel"))
		give_up("expect-stack user or kernel");
	parse_stack(words_take(w), kind, &plan);
	for (size_t i = 0; i < sink.stack_count; i++)
		if (sink.stacks[i].kind == kind && is_stack(sink.stacks[i].id, &plan))
			times += sink.stacks[i].times;
	compare("times sent", times, parse_number(words_take(w)));
}

/* expect-seen 101 off [kernel schedule] [reason ...] [registers]: by the iterator at the start */
static void expect_seen(struct words *w)
{
	__u32 tid = parse_number(words_take(w));
	const char *state = words_take(w);
	const struct seen *seen = NULL;
	struct match m = { .thread_tid = tid };
	bool registers = false;

	while (!words_end(w)) {
		if (words_is(w, "registers"))
			registers = true;
		else if (!take_match(w, &m))
			give_up("what is %s?", w->at[w->next]);
	}
	for (size_t i = 0; i < sink.seen_count; i++)
		if (sink.seen[i].t.tid == tid)
			seen = &sink.seen[i];
	if (!seen) {
		fail("%u was not seen", tid);
		return;
	}
	if (strcmp(state_names[seen->t.state], state))
		fail("%u was seen %s", tid, state_names[seen->t.state]);
	if ((m.with_kernel && !is_stack(seen->kstack, &m.kernel)) ||
	    (m.with_reason && m.reason != seen->reason))
		fail("%u was seen under another stack or reason (%x)", tid, seen->reason);
	if (registers != (seen->sp != 0))
		fail("%u: user registers at %llx", tid, seen->sp);
}

/* --- losses and the rest ---------------------------------------------------------------------- */

/* expect-loss sums_full 2 [3us]; "some": any number but none */
static void expect_loss(struct words *w)
{
	const char *name = words_take(w);
	int cause;

	for (cause = 0; cause < SCOPE_LOSS_COUNT; cause++)
		if (!strcmp(loss_table[cause].key, name))
			break;
	if (cause == SCOPE_LOSS_COUNT)
		give_up("not a loss: %s", name);
	loss_expected[cause] = true;
	if (words_is(w, "some")) {
		if (!sink.losses[cause].count)
			fail("no %s", name);
		return;
	}
	if (loss_table[cause].cost == LOSS_TIMELINE && !want_timeline)
		w->next = w->count;
	if (words_end(w) || words_is(w, "any"))
		return;
	compare(name, sink.losses[cause].count, parse_number(words_take(w)));
	if (!words_end(w))
		compare(name, sink.losses[cause].ns, (__u64)parse_time(words_take(w)));
}

/* expect-lost 2 on 3us off 1us: threads whose record found no room */
static void expect_lost(struct words *w)
{
	__u64 ns[SCOPE_STATES] = { 0 };

	compare("lost threads", sink.lost.switches, parse_number(words_take(w)));
	while (!words_end(w)) {
		const char *word = words_take(w);

		for (int s = 0; s < SCOPE_STATES; s++)
			if (!strcmp(word, state_names[s]))
				ns[s] = (__u64)parse_time(words_take(w));
	}
	for (int s = 0; s < SCOPE_STATES; s++)
		compare(state_names[s], sink.lost.total_ns[s], ns[s]);
	compare("alive", sink.lost.dead_ns, ns[SCOPE_ON] + ns[SCOPE_RUNQ] + ns[SCOPE_OFF]);
}

static void expect_nudges(struct words *w)
{
	compare("nudges to drain", sink.nudges, parse_number(words_take(w)));
}

/* expect-raws 2: stacks that were shipped whole; expect-spaces 1: address spaces asked for */
static void expect_raws(struct words *w)
{
	raws_any = words_is(w, "any");
	if (!raws_any)
		raws_expected = parse_number(words_take(w));
}

static void expect_spaces(struct words *w)
{
	spaces_expected = parse_number(words_take(w));
}

static const struct {
	const char *name;
	void (*check)(struct words *w);
} kinds[] = {
	{ "expect", expect_thread },	 { "expect-cost", expect_cost },
	{ "expect-last", expect_last },
	{ "expect-loss", expect_loss },	 { "expect-lost", expect_lost },
	{ "expect-none", expect_none },	 { "expect-nudges", expect_nudges },
	{ "expect-hits", turns_expect_hits },
	{ "expect-raws", expect_raws }, { "expect-turn", turns_expect },
	{ "expect-seen", expect_seen },	 { "expect-spaces", expect_spaces },
	{ "expect-stack", expect_stack },
	{ "expect-sum", expect_sum },	 { "expect-thinned", expect_thinned },
	{ "expect-ticks", expect_ticks },
};

void expect_check(void)
{
	for (size_t i = 0; i < count; i++) {
		struct words *w = &expected[i].words;
		const char *name = words_take(w);
		size_t k;

		report_line(expected[i].line);
		for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (!strcmp(kinds[k].name, name))
				break;
		if (k == sizeof(kinds) / sizeof(kinds[0]))
			give_up("not an expectation: %s", name);
		kinds[k].check(w);
		if (!words_end(w))
			give_up("a word too many: %s", w->at[w->next]);
	}
	report_line(0);
	if (!raws_any)
		compare("number of raw stacks", sink.raws, raws_expected);
	compare("number of spaces asked for", sink.spaces, spaces_expected);
	for (int cause = 0; cause < SCOPE_LOSS_COUNT; cause++)
		if (sink.losses[cause].count && !loss_expected[cause])
			fail("%llu losses: %s", sink.losses[cause].count, loss_table[cause].key);
}
