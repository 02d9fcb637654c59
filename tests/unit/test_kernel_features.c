// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "image.h"
#include "kernel_features.h"

static bool tells(const char *text)
{
	int fd = memfd_create("kallsyms", MFD_CLOEXEC);
	bool told = write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
		    image_kallsyms_tells(fd);

	close(fd);
	return told;
}

/* Before the newest kernels, per-CPU symbols stand first, and their addresses are small numbers. */
static void kallsyms_on_any_kernel(void)
{
	CHECK(tells("0000000000000000 A fixed_percpu_data\n"
		    "0000000000001000 A cpu_debug_store\n"
		    "ffffffff81000000 T startup_64\n"));
	CHECK(tells("ffffffff81000000 T _text\n"));
	CHECK(!tells("0000000000000000 A fixed_percpu_data\n"
		     "0000000000000000 T startup_64\n"));
	CHECK(!tells("0000000000001000 A cpu_debug_store\n"));
	CHECK(!tells(""));
}

/* A remedy that mends nothing is worse than none. */
static void remedies_fit_what_is_in_the_way(void)
{
	struct feature_bars bars = { 0 };

	CHECK_TEXT(feature_remedy(FEATURE_PRIVILEGE, &bars), "sudo systemscope ...");
	CHECK_CONTAINS(feature_remedy(FEATURE_PIDS, &bars), "--pid=host");
	CHECK_TEXT(feature_remedy(FEATURE_BPF, &bars), "see privilege");
	CHECK_TEXT(feature_remedy(FEATURE_PERF, &bars), "see privilege");
	CHECK_TEXT(feature_remedy(FEATURE_KALLSYMS, &bars), "see privilege");

	bars.privilege = true;
	CHECK(!feature_remedy(FEATURE_BPF, &bars));
	CHECK_TEXT(feature_remedy(FEATURE_KALLSYMS, &bars), "run it with CAP_SYSLOG as well");
	bars.has_syslog = true;
	CHECK(!feature_remedy(FEATURE_KALLSYMS, &bars));
	bars.kptr_restrict = 2;
	CHECK_TEXT(feature_remedy(FEATURE_KALLSYMS, &bars), "sudo sysctl kernel.kptr_restrict=1");

	bars.seccomp = true;
	CHECK_CONTAINS(feature_remedy(FEATURE_PERF, &bars), "seccomp");
	bars.confidential = true;
	CHECK_CONTAINS(feature_remedy(FEATURE_BPF, &bars), "lockdown");
	bars.own_users = true;
	CHECK_CONTAINS(feature_remedy(FEATURE_BPF, &bars), "on the host");
}

int main(void)
{
	CHECK_CASE(kallsyms_on_any_kernel);
	CHECK_CASE(remedies_fit_what_is_in_the_way);
	return check_status();
}
