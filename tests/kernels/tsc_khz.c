// SPDX-License-Identifier: MIT
/*
 * tsc_khz - prints the rate of this machine's time-stamp counter, in kHz.
 *
 * Under tcg a guest reads the host's counter. Left to itself its kernel measures the rate against
 * an emulated timer chip, and on a busy host it has come out forty times too low, and the guest's
 * clock forty times too fast.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct reading {
	uint64_t tsc;
	int64_t ns;
};

/* Of several readings the one that took least: nothing came between counter and clock. */
static struct reading read_both(void)
{
	struct reading best = { 0, 0 };
	uint64_t best_took = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		struct timespec t;
		uint64_t before = __rdtsc(), took;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		took = __rdtsc() - before;
		if (took >= best_took)
			continue;
		best_took = took;
		best = (struct reading){ before + took / 2,
					 t.tv_sec * 1000000000ll + t.tv_nsec };
	}
	return best;
}

int main(void)
{
	struct reading a = read_both(), b;

	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	b = read_both();
	printf("%.0f\n", (double)(b.tsc - a.tsc) * 1e6 / (double)(b.ns - a.ns));
	return 0;
}
