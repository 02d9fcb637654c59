// SPDX-License-Identifier: MIT
#include "kernel_features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "image.h"
#include "kernel_btf.h"
#include "mem.h"
#include "mounts.h"
#include "privilege.h"

#define SCHED_SWITCH "btf_trace_sched_switch"

#define HOST_USER_NAMESPACE 0xeffffffdu /* PROC_USER_INIT_INO, include/linux/proc_ns.h */

struct probe {
	const char *name;
	bool required;
	/* Sets detail; returns whether the feature is there. */
	bool (*run)(struct feature *f, const struct kernel_btf *btf);
};

static void detail(struct feature *f, const char *text)
{
	snprintf(f->detail, sizeof(f->detail), "%s", text);
}

static bool read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return true;
}

/* The effective set has what BPF tracing needs: CAP_SYS_ADMIN (21), or PERFMON (38) and BPF (39). */
static bool probe_privilege(struct feature *f, const struct kernel_btf *btf)
{
	bool held = privilege_held();

	(void)btf;
	snprintf(f->detail, sizeof(f->detail), held ? "uid %u" : "uid %u lacks CAP_BPF and CAP_PERFMON",
		 (unsigned)geteuid());
	return held;
}

static bool probe_pids(struct feature *f, const struct kernel_btf *btf)
{
	bool ok = privilege_counts_as_host();

	(void)btf;
	detail(f, ok ? "the host's" : PRIVILEGE_OWN_NUMBERS);
	return ok;
}

static bool probe_btf(struct feature *f, const struct kernel_btf *btf)
{
	struct utsname name;

	if (!btf) {
		detail(f, "no /sys/kernel/btf/vmlinux: a kernel with CONFIG_DEBUG_INFO_BTF is needed");
		return false;
	}
	uname(&name);
	snprintf(f->detail, sizeof(f->detail), "kernel %.120s", name.release);
	return true;
}

/* Loads the smallest program of the kind that matters: `return 0` on a scheduler tracepoint. */
static bool probe_bpf(struct feature *f, const struct kernel_btf *btf)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP);
	uint32_t id = btf ? kernel_btf_id(btf, SCHED_SWITCH, BTF_KIND_TYPEDEF) : 0;
	int fd;

	if (!id) {
		detail(f, "the kernel's BTF has no sched_switch tracepoint");
		return false;
	}
	opts.attach_btf_id = id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "scope_probe", "Dual MIT/GPL", code,
			   ARRAY_SIZE(code), &opts);
	if (fd < 0) {
		snprintf(f->detail, sizeof(f->detail), "cannot load a tracing program: %s",
			 strerror(-fd));
		return false;
	}
	close(fd);
	detail(f, "tracing programs load");
	return true;
}

static int perf_open(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {
		.type = type, .size = sizeof(attr), .config = config, .freq = 1, .sample_freq = 49,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool probe_perf(struct feature *f, const struct kernel_btf *btf)
{
	int fd = perf_open(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
	char level[16] = "?";

	(void)btf;
	read_text("/proc/sys/kernel/perf_event_paranoid", level, sizeof(level));
	if (fd < 0) {
		snprintf(f->detail, sizeof(f->detail),
			 "cannot open a CPU-wide perf event: %s (perf_event_paranoid is %s)",
			 strerror(-fd), level);
		return false;
	}
	close(fd);
	snprintf(f->detail, sizeof(f->detail), "up to %u Hz", features_max_frequency());
	return true;
}

static bool probe_pmu(struct feature *f, const struct kernel_btf *btf)
{
	int fd = perf_open(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);

	(void)btf;
	if (fd < 0) {
		detail(f, "no hardware cycles here: ticks come from the software clock");
		return false;
	}
	close(fd);
	detail(f, "ticks come from hardware cycles");
	return true;
}

static bool probe_kallsyms(struct feature *f, const struct kernel_btf *btf)
{
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	bool tells = fd >= 0 && image_kallsyms_tells(fd);

	(void)btf;
	if (tells)
		detail(f, "kernel frames have names");
	else if (fd < 0)
		detail(f, "/proc/kallsyms is not readable: kernel frames stay without names");
	else
		detail(f, "/proc/kallsyms hides addresses: kernel frames stay without names");
	if (fd >= 0)
		close(fd);
	return tells;
}

static bool probe_task_storage(struct feature *f, const struct kernel_btf *btf)
{
	if (btf && kernel_btf_has_value(btf, "bpf_map_type", "BPF_MAP_TYPE_TASK_STORAGE")) {
		detail(f, "any number of threads");
		return true;
	}
	detail(f, "threads are kept in a table of 65536; any beyond are unaccounted");
	return false;
}

static bool probe_task_pt_regs(struct feature *f, const struct kernel_btf *btf)
{
	if (btf && kernel_btf_has_value(btf, "bpf_func_id", "BPF_FUNC_task_pt_regs")) {
		detail(f, "user registers from the kernel's helper");
		return true;
	}
	detail(f, "user registers are read from the top of the kernel stack");
	return false;
}

/*
 * Whether the scheduler counts how long threads wait for a CPU: it has given us one often enough. (With
 * CONFIG_SCHED_INFO for CONFIG_TASK_DELAY_ACCT alone it may not have been asked to.)
 */
static bool probe_wait_counts(struct feature *f, const struct kernel_btf *btf)
{
	unsigned long long run_ns, wait_ns, times = 0;
	char text[96];

	(void)btf;
	if (read_text("/proc/self/schedstat", text, sizeof(text)) &&
	    sscanf(text, "%llu %llu %llu", &run_ns, &wait_ns, &times) == 3 && times) {
		detail(f, "by the scheduler: wake-ups need no tracing");
		return true;
	}
	detail(f, "each wake-up is traced, as the scheduler does not count");
	return false;
}

static bool probe_cgroup2(struct feature *f, const struct kernel_btf *btf)
{
	struct mounts mounts = { 0 };

	(void)btf;
	if (mounts_read("/proc", NULL, &mounts) || !mounts.v2[0]) {
		detail(f, "not mounted: --cgroup has nothing to work on");
		return false;
	}
	snprintf(f->detail, sizeof(f->detail), "mounted at %.100s", mounts.v2);
	return true;
}

static const struct probe probes[FEATURE_COUNT] = {
	[FEATURE_PRIVILEGE] = { "privilege", true, probe_privilege },
	[FEATURE_PIDS] = { "process numbers", true, probe_pids },
	[FEATURE_BTF] = { "kernel BTF", true, probe_btf },
	[FEATURE_BPF] = { "BPF tracing", true, probe_bpf },
	[FEATURE_PERF] = { "perf events", true, probe_perf },
	[FEATURE_KALLSYMS] = { "kernel symbols", false, probe_kallsyms },
	[FEATURE_TASK_STORAGE] = { "task storage", false, probe_task_storage },
	[FEATURE_TASK_PT_REGS] = { "task registers", false, probe_task_pt_regs },
	[FEATURE_WAIT_COUNTS] = { "waits counted", false, probe_wait_counts },
	[FEATURE_PMU] = { "hardware PMU", false, probe_pmu },
	[FEATURE_CGROUP2] = { "cgroup v2", false, probe_cgroup2 },
};

/* --- remedies ----------------------------------------------------------------------------------- */

static void read_status(struct feature_bars *bars)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long effective;
	char line[256];

	while (status && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			bars->has_syslog = effective >> CAP_SYSLOG & 1;
		else if (strncmp(line, "Seccomp:", 8) == 0)
			bars->seccomp = strtol(line + 8, NULL, 10) != 0;
	}
	if (status)
		fclose(status);
}

static void read_bars(struct feature_bars *bars)
{
	char text[64];
	struct stat status;

	memset(bars, 0, sizeof(*bars));
	bars->privilege = privilege_held();
	read_status(bars);
	bars->own_users = !stat("/proc/self/ns/user", &status) &&
			  status.st_ino != HOST_USER_NAMESPACE;
	bars->confidential = read_text("/sys/kernel/security/lockdown", text, sizeof(text)) &&
			     strstr(text, "[confidentiality]");
	bars->kptr_restrict = read_text("/proc/sys/kernel/kptr_restrict", text, sizeof(text)) ?
				      (int)strtol(text, NULL, 10) : 0;
}

/* What keeps one who holds the capabilities from BPF programs and perf events all the same. */
static const char *remedy_of_calls(const struct feature_bars *bars)
{
	if (bars->own_users)
		return "run it on the host: root of a user namespace has no say outside";
	if (bars->confidential)
		return "boot without lockdown=confidentiality";
	if (bars->seccomp)
		return "run it without the seccomp filter (docker run --security-opt "
		       "seccomp=unconfined)";
	return NULL;
}

const char *feature_remedy(enum feature_id id, const struct feature_bars *bars)
{
	static const char *const see_privilege = "see privilege";

	switch (id) {
	case FEATURE_PRIVILEGE:
		return "sudo systemscope ...";
	case FEATURE_PIDS:
		return PRIVILEGE_NUMBERS_REMEDY;
	case FEATURE_BTF:
		return "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian's have it since "
		       "5.10)";
	case FEATURE_BPF:
	case FEATURE_PERF:
		return bars->privilege ? remedy_of_calls(bars) : see_privilege;
	case FEATURE_KALLSYMS:
		if (!bars->privilege)
			return see_privilege;
		if (bars->own_users)
			return remedy_of_calls(bars);
		if (bars->kptr_restrict > 1) /* hides them from everybody */
			return "sudo sysctl kernel.kptr_restrict=1";
		return bars->has_syslog ? NULL : "run it with CAP_SYSLOG as well";
	case FEATURE_CGROUP2:
		return "sudo mount -t cgroup2 none /sys/fs/cgroup";
	default:
		return NULL;
	}
}

static int be_silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

void features_want(struct kernel_btf *btf)
{
	kernel_btf_want(btf, SCHED_SWITCH);
	kernel_btf_want(btf, "bpf_map_type");
	kernel_btf_want(btf, "bpf_func_id");
}

void features_probe(const struct kernel_btf *btf, struct features *ret_features)
{
	libbpf_print_fn_t before = libbpf_set_print(be_silent);
	struct feature_bars bars;

	read_bars(&bars);
	memset(ret_features, 0, sizeof(*ret_features));
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		struct feature *f = &ret_features->rows[i];

		f->name = probes[i].name;
		f->required = probes[i].required;
		f->ok = probes[i].run(f, btf);
		f->remedy = f->ok ? NULL : feature_remedy((enum feature_id)i, &bars);
	}
	libbpf_set_print(before);
}

bool features_usable(const struct features *features)
{
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		if (features->rows[i].required && !features->rows[i].ok)
			return false;
	return true;
}

uint32_t features_max_frequency(void)
{
	char text[32];

	if (!read_text("/proc/sys/kernel/perf_event_max_sample_rate", text, sizeof(text)))
		return 0;
	return (uint32_t)strtoul(text, NULL, 10);
}
