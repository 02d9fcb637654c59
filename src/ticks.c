// SPDX-License-Identifier: MIT
#include "ticks.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_features.h"
#include "mem.h"

/*
 * Cycles where there is a PMU: they tick only while a CPU works, and reach into sections with
 * interrupts off. Else the software clock.
 */
static int open_tick(uint32_t frequency, int cpu)
{
	static const struct {
		uint32_t type;
		uint64_t config;
	} kinds[] = {
		{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
		{ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	};
	int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct perf_event_attr attr = {
			.type = kinds[i].type, .size = sizeof(attr), .config = kinds[i].config,
			.freq = 1, .sample_freq = frequency,
		};

		fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -errno;
}

static int attach_cpu(struct ticks *ticks, uint32_t frequency, int cpu,
		      struct bpf_program *program, struct err *err)
{
	int fd = open_tick(frequency, cpu), r;
	struct bpf_link *link;

	if (fd == -ENODEV) /* offline */
		return 0;
	if (fd == -EINVAL)
		return err_set(err, EXIT_CODE_FAILURE, fd,
			       "--frequency %u: this kernel allows up to %u Hz; to raise that: "
			       "sysctl kernel.perf_event_max_sample_rate=N",
			       frequency, features_max_frequency());
	if (fd < 0)
		return err_set(err, EXIT_CODE_UNSUPPORTED, fd,
			       "cannot open a perf event on CPU %d: %s; see: systemscope doctor",
			       cpu, strerror(-fd));
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		r = -errno;
		close(fd);
		return err_set(err, EXIT_CODE_UNSUPPORTED, r,
			       "cannot attach to the tick of CPU %d: %s", cpu, strerror(-r));
	}
	ticks->links[ticks->count++] = link; /* owns fd now */
	return 0;
}

int ticks_attach(struct ticks *ticks, const struct config *config, struct bpf_program *program,
		 struct err *err)
{
	long possible = libbpf_num_possible_cpus();
	int r;

	ticks->links = mem_alloc_array((size_t)possible, sizeof(*ticks->links));
	for (int cpu = 0; cpu < possible; cpu++) {
		if (config->cpus && !(cpu < SCOPE_MAX_CPUS && config->cpus[cpu]))
			continue;
		r = attach_cpu(ticks, config->frequency_hz, cpu, program, err);
		if (r)
			return r;
	}
	return 0;
}

void ticks_detach(struct ticks *ticks)
{
	for (size_t i = 0; i < ticks->count; i++)
		bpf_link__destroy(ticks->links[i]);
	free(ticks->links);
	*ticks = (struct ticks){ 0 };
}
