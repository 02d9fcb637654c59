// SPDX-License-Identifier: MIT
/*
 * ledger - systemscope without any stacks: what the ledger alone costs. It is the program itself, linked
 * with --wrap=session_run.
 */
#include "session.h"

int __real_session_run(const struct config *config, struct launch *launch,
		       const struct session_hooks *hooks, struct profile **ret_profile, struct err *err);
int __wrap_session_run(const struct config *config, struct launch *launch,
		       const struct session_hooks *hooks, struct profile **ret_profile, struct err *err);

int __wrap_session_run(const struct config *config, struct launch *launch,
		       const struct session_hooks *hooks, struct profile **ret_profile, struct err *err)
{
	struct config without = *config;

	without.user_stacks = without.kernel_stacks = false;
	return __real_session_run(&without, launch, hooks, ret_profile, err);
}
