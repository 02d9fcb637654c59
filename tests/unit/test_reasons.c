// SPDX-License-Identifier: MIT
#include "reasons.h"

#include <sys/syscall.h>

#include "check.h"
#include "mem.h"
#include "scope_event.h"

struct row {
	uint32_t reason;
	const char *functions[6]; /* leaf first; none: the stack is not known */
	const char *name;
};

#define CALL(number) (SCOPE_REASON_SYSCALL | (number))

/* clang-format off */
static const struct row rows[] = {
	{ CALL(SYS_futex), { NULL }, "futex" },
	{ CALL(SYS_futex), { "futex_do_wait", "do_futex" }, "futex" },
	{ CALL(SYS_futex_waitv), { "futex_wait_multiple" }, "futex" },
	{ CALL(SYS_epoll_wait), { "ep_poll" }, "epoll" },
	{ CALL(SYS_epoll_pwait2), { "ep_poll" }, "epoll" },
	{ CALL(SYS_poll), { "do_sys_poll" }, "poll" },
	{ CALL(SYS_pselect6), { "do_select" }, "select" },
	{ CALL(SYS_clock_nanosleep), { "hrtimer_nanosleep" }, "sleep" },
	{ CALL(SYS_accept4), { "inet_csk_accept" }, "accept" },
	{ CALL(SYS_connect), { "inet_stream_connect" }, "connect" },
	{ CALL(SYS_wait4), { "do_wait", "kernel_wait4" }, "wait" },
	{ CALL(SYS_waitid), { NULL }, "wait" },
	{ CALL(SYS_pause), { NULL }, "signal wait" },
	{ CALL(SYS_rt_sigtimedwait), { "do_sigtimedwait" }, "signal wait" },

	{ CALL(SYS_read), { "pipe_read", "vfs_read" }, "read pipe" },
	{ CALL(SYS_read), { "anon_pipe_read", "vfs_read" }, "read pipe" },
	{ CALL(SYS_readv), { "unix_stream_read_generic", "sock_recvmsg" }, "read socket" },
	{ CALL(SYS_read), { "n_tty_read", "tty_read" }, "read terminal" },
	{ CALL(SYS_read), { "eventfd_read" }, "read eventfd" },
	{ CALL(SYS_read), { "timerfd_read" }, "read timerfd" },
	{ CALL(SYS_read), { "rwsem_down_read_slowpath", "ext4_file_read_iter" }, "read file" },
	{ CALL(SYS_read), { NULL }, "read" },
	{ CALL(SYS_recvfrom), { NULL }, "read socket" },
	{ CALL(SYS_write), { "pipe_write" }, "write pipe" },
	{ CALL(SYS_write), { "sock_write_iter" }, "write socket" },
	{ CALL(SYS_write), { "rwsem_down_write_slowpath", "ext4_buffered_write_iter" }, "write file" },
	{ CALL(SYS_write), { NULL }, "write" },
	{ CALL(SYS_sendmsg), { "unix_stream_sendmsg" }, "write socket" },

	{ CALL(SYS_read) | SCOPE_REASON_D | SCOPE_REASON_IOWAIT, { "io_schedule", "filemap_read" }, "disk" },
	{ CALL(SYS_read) | SCOPE_REASON_D | SCOPE_REASON_IOWAIT, { NULL }, "disk" },
	{ CALL(SYS_fsync) | SCOPE_REASON_D, { "jbd2_log_wait_commit", "ext4_sync_file" }, "disk" },
	{ CALL(SYS_fsync) | SCOPE_REASON_D, { "mutex_lock" }, "fsync" },
	{ SCOPE_REASON_FAULT | SCOPE_REASON_D | SCOPE_REASON_IOWAIT,
	  { "io_schedule", "folio_wait_bit_common", "filemap_fault", "handle_mm_fault" }, "disk" },
	{ CALL(SYS_io_uring_enter) | SCOPE_REASON_IOWAIT, { "io_cqring_wait" }, "io_uring_enter" },
	{ CALL(SYS_io_uring_enter), { "io_wq_worker", "ret_from_fork" }, "io_uring worker" },
	{ CALL(SYS_io_uring_enter) | SCOPE_REASON_D, { "io_schedule", "io_wq_worker" }, "disk" },
	{ SCOPE_REASON_IOWAIT, { "io_schedule", "io_wq_worker" }, "disk" },
	{ SCOPE_REASON_KTHREAD, { "io_wqe_worker", "kthread" }, "io_uring worker" }, /* 5.10 */

	{ SCOPE_REASON_FAULT | SCOPE_REASON_D, { "rwsem_down_read_slowpath", "do_user_addr_fault" }, "page fault" },
	{ SCOPE_REASON_FAULT, { NULL }, "page fault" },
	{ SCOPE_REASON_FAULT, { "do_exit", "do_group_exit", "get_signal" }, "exit" },
	{ CALL(SYS_read), { "userfaultfd_x", "handle_mm_fault", "copy_to_user" }, "page fault" },

	{ CALL(SYS_read) | SCOPE_REASON_STOPPED, { "do_signal_stop" }, "stopped" },
	{ CALL(SYS_read), { "do_signal_stop", "get_signal" }, "stopped" },
	{ CALL(SYS_read), { "__refrigerator" }, "frozen" },
	{ CALL(SYS_execve), { "de_thread", "begin_new_exec" }, "exec" },
	{ CALL(SYS_exit_group), { "do_exit" }, "exit" },
	{ CALL(SYS_clone), { "wait_for_vfork_done", "kernel_clone" }, "vfork" },
	{ CALL(SYS_vfork), { NULL }, "vfork" },
	{ CALL(SYS_restart_syscall), { "hrtimer_nanosleep", "do_nanosleep" }, "sleep" },
	{ CALL(SYS_restart_syscall), { "futex_wait_restart" }, "futex" },
	{ CALL(SYS_restart_syscall), { NULL }, "restart_syscall" },

	{ SCOPE_REASON_KTHREAD, { "worker_thread", "kthread" }, "idle worker" },
	{ SCOPE_REASON_KTHREAD, { "msleep", "some_work", "process_one_work", "worker_thread" }, "kernel work" },
	{ SCOPE_REASON_KTHREAD, { "rcu_gp_kthread", "kthread" }, "kernel thread" },
	{ SCOPE_REASON_KTHREAD, { NULL }, "kernel thread" },
	{ SCOPE_REASON_KTHREAD | SCOPE_REASON_D, { "io_schedule", "jbd2_journal_commit_transaction" }, "disk" },
	{ SCOPE_REASON_FAULT, { "io_wq_worker", "ret_from_fork" }, "io_uring worker" },

	{ CALL(SYS_flock), { "locks_lock_inode_wait" }, "flock" },
	{ CALL(SYS_getrandom), { NULL }, "getrandom" },
	{ CALL(9999), { NULL }, "syscall 9999" },
	{ CALL(240) | SCOPE_REASON_COMPAT, { "futex_wait" }, "syscall32 240" },
	{ SCOPE_REASON_SHORT, { NULL }, "short block" },
	{ 0, { NULL }, "unknown" },
	{ 0, { "ret_from_fork" }, "unknown" },
};
/* clang-format on */

static uint32_t places_of(const char *const *functions, size_t count)
{
	uint32_t places = count ? 0 : REASON_PLACES_UNKNOWN;

	for (size_t i = 0; i < count; i++)
		places |= reason_places_of(functions[i]);
	return places;
}

static void named_by_the_table(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char space[REASON_NAME_BYTES];
		size_t count = 0;
		const char *name;

		while (count < ARRAY_SIZE(rows[i].functions) && rows[i].functions[count])
			count++;
		name = reason_name(rows[i].reason, places_of(rows[i].functions, count), space);
		if (strcmp(name, rows[i].name) != 0)
			check_fail(__FILE__, __LINE__, "row %zu is \"%s\", not \"%s\"", i, name,
				   rows[i].name);
	}
}

static void any_word_has_a_name(void)
{
	char space[REASON_NAME_BYTES];

	for (uint32_t flags = 0; flags < 1 << 9; flags++)
		for (uint32_t number = 0; number <= SCOPE_REASON_NR_MASK; number += 61) {
			const char *name = reason_name(flags << 16 | number,
						       REASON_PLACES_UNKNOWN, space);

			CHECK(name && *name && strlen(name) < REASON_NAME_BYTES);
		}
}

/* Numbers and names as the compiler's <asm/unistd_64.h> has them. */
static void system_calls_as_in_the_header(void)
{
	FILE *in = popen("echo '#include <asm/unistd_64.h>' | gcc -dM -E - 2>/dev/null", "r");
	char line[256], name[128];
	uint32_t number, found = 0;

	CHECK(in != NULL);
	while (in && fgets(line, sizeof(line), in)) {
		const char *have;

		if (sscanf(line, "#define __NR_%127s %u", name, &number) != 2)
			continue;
		found++;
		have = reason_syscall_name(number);
		if (!have || strcmp(have, name) != 0)
			check_fail(__FILE__, __LINE__, "%u is %s, not %s", number,
				   have ? have : "nameless", name);
	}
	if (in)
		pclose(in);
	CHECK(found > 300);
	CHECK(!reason_syscall_name(400)); /* a hole */
	CHECK(!reason_syscall_name(UINT32_MAX));
}

int main(void)
{
	CHECK_CASE(named_by_the_table);
	CHECK_CASE(any_word_has_a_name);
	CHECK_CASE(system_calls_as_in_the_header);
	return check_status();
}
