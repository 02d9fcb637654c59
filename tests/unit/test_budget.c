// SPDX-License-Identifier: MIT
/* --max-overhead: how much is left out, by what events have cost. */
#include "budget.h"

#include "check.h"

#define MS NSEC_PER_MSEC

static struct budget budget;
static struct scope_cost total;
static nsec_t now;

static void begin(uint32_t max_ppm)
{
	now = 5 * NSEC_PER_SEC;
	total = (struct scope_cost){ 0 };
	budget_begin(&budget, max_ppm, now);
}

/* Until the next look the target is on a CPU, probes cost `permille` of it, and stacks are taken. */
static uint32_t look(uint64_t permille, uint64_t stacks_a_second)
{
	nsec_t took = budget.next_ns - now;

	now = budget.next_ns;
	total.on_ns += took;
	total.probe_ns += took * permille / 1000;
	total.taken += stacks_a_second * took / NSEC_PER_SEC;
	return budget_look(&budget, &total, now);
}

static void it_looks_soon_and_then_each_second(void)
{
	static const nsec_t wanted[] = { 50 * MS, 100 * MS, 200 * MS, 400 * MS, 800 * MS, 1000 * MS, 1000 * MS };

	begin(10000);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		CHECK_INT(budget.next_ns - now, wanted[i]);
		look(0, 0);
	}
}

static void within_the_budget_all_get_stacks(void)
{
	begin(10000);
	for (int i = 0; i < 10; i++)
		CHECK_INT(look(10, 100000), 0);
}

static void over_it_as_few_as_it_takes(void)
{
	begin(10000);
	CHECK_INT(look(39, 100000), 2);
	begin(10000);
	CHECK_INT(look(11, 100000), 1);
	begin(10000);
	CHECK_INT(look(900, 100000), 4); /* no more at once */
}

static void never_so_few_that_shares_are_not_told(void)
{
	begin(10000);
	CHECK_INT(look(900, 2040), 0);
	CHECK_INT(look(900, 2080), 1);
	CHECK_INT(look(900, 4400), 3);
	CHECK_INT(look(900, 1200), 3);
	CHECK_INT(look(900, 800), 2);
	for (int i = 0; i < 20; i++)
		look(900, 1000000);
	CHECK_INT(budget.step, SCOPE_THIN_STEPS - 1);
}

static void it_comes_back(void)
{
	begin(10000);
	CHECK_INT(look(30, 100000), 2);
	for (int i = 0; i < 4; i++)
		look(1, 100000);
	CHECK_INT(budget.step, 0);
}

/* What it was before counts less and less: no single look decides. */
static void what_was_before_fades(void)
{
	begin(10000);
	look(5, 100000);
	CHECK_INT(look(11, 100000), 0); /* 9.8 in the mean of both */
	CHECK_INT(look(11, 100000), 1);
}

static void a_target_that_sleeps_is_left_alone(void)
{
	begin(10000);
	CHECK_INT(look(40, 100000), 2);
	now = budget.next_ns;
	total.probe_ns += 100;
	budget.on_ns = 0;
	CHECK_INT(budget_look(&budget, &total, now), 2);
}

int main(void)
{
	CHECK_CASE(it_looks_soon_and_then_each_second);
	CHECK_CASE(within_the_budget_all_get_stacks);
	CHECK_CASE(over_it_as_few_as_it_takes);
	CHECK_CASE(never_so_few_that_shares_are_not_told);
	CHECK_CASE(it_comes_back);
	CHECK_CASE(what_was_before_fades);
	CHECK_CASE(a_target_that_sleeps_is_left_alone);
	return check_status();
}
