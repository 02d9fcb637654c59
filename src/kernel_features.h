/* SPDX-License-Identifier: MIT */
/*
 * kernel_features.h - what this kernel and this user allow, in one table of probes.
 *
 * The tracer asks it how to load; doctor prints it. Each row is probed by trying the thing itself,
 * never by the kernel's version.
 */
#ifndef KERNEL_FEATURES_H
#define KERNEL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_btf; /* src/kernel_btf.h */

enum feature_id {
	FEATURE_PRIVILEGE,
	FEATURE_PIDS,
	FEATURE_BTF,
	FEATURE_BPF,
	FEATURE_PERF,
	FEATURE_KALLSYMS,
	FEATURE_TASK_STORAGE,
	FEATURE_TASK_PT_REGS,
	FEATURE_WAIT_COUNTS,
	FEATURE_PMU,
	FEATURE_CGROUP2,
	FEATURE_COUNT,
};

struct feature {
	const char *name;
	bool ok;
	bool required;	    /* profiling does not work without it */
	char detail[160];   /* what was found; if not ok: what is done without it, or why it is missing */
	const char *remedy; /* what mends it; NULL: nothing known, or nothing is wrong */
};

struct features {
	struct feature rows[FEATURE_COUNT];
};

/* What may stand in the way, as read from /proc and /sys. */
struct feature_bars {
	bool privilege;	   /* held: nothing works without it */
	bool has_syslog;   /* CAP_SYSLOG */
	bool own_users;	   /* in a user namespace: its capabilities are not the host's */
	bool confidential; /* the kernel is locked down so far that it lets nobody trace it */
	bool seccomp;	   /* a filter is on our system calls */
	int kptr_restrict; /* kernel.kptr_restrict: 2 hides addresses from everybody */
};

/* For a feature that is missing: what mends it, or NULL. */
const char *feature_remedy(enum feature_id id, const struct feature_bars *bars);

/* Asks for what the probes read of the kernel's types; NULL: they could not be read. */
void features_want(struct kernel_btf *btf);
void features_probe(const struct kernel_btf *btf, struct features *ret_features);
bool features_usable(const struct features *features); /* all required rows are ok */

uint32_t features_max_frequency(void); /* kernel.perf_event_max_sample_rate; 0: not known */

#endif
