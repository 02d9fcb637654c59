// SPDX-License-Identifier: MIT
#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOST_PID_NAMESPACE 0xeffffffcu /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

static bool has(const struct __user_cap_data_struct *data, unsigned int capability)
{
	return data[capability / 32].effective & (1u << (capability % 32));
}

/* The kernel side counts processes as the host does; numbers of another kind would name others. */
bool privilege_counts_as_host(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) || status.st_ino == HOST_PID_NAMESPACE;
}

bool privilege_held(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) < 0 || has(data, CAP_SYS_ADMIN) ||
	       (has(data, CAP_BPF) && has(data, CAP_PERFMON));
}

int privilege_check(struct err *err)
{
	if (!privilege_counts_as_host())
		return err_set(err, EXIT_CODE_UNSUPPORTED, -EPERM,
			       PRIVILEGE_OWN_NUMBERS ": " PRIVILEGE_NUMBERS_REMEDY);
	if (privilege_held())
		return 0;
	return err_set(err, EXIT_CODE_UNSUPPORTED, -EPERM,
		       "needs root (or CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_SYSLOG): run "
		       "it as: sudo systemscope ...");
}
