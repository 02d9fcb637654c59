// SPDX-License-Identifier: MIT
#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has(const struct __user_cap_data_struct *data, unsigned int capability)
{
	return data[capability / 32].effective & (1u << (capability % 32));
}

int privilege_check(struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* Where capabilities cannot be asked for, the capture itself will tell. */
	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	if (has(data, CAP_SYS_ADMIN) || (has(data, CAP_BPF) && has(data, CAP_PERFMON)))
		return 0;
	return err_set(err, EXIT_CODE_UNSUPPORTED, -EPERM,
		       "needs root (or CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_SYSLOG): run "
		       "it as: sudo systemscope ...");
}
