// SPDX-License-Identifier: MIT
#include "reasons.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "mem.h"
#include "scope_event.h"
#include "syscall_names.h"

/* What several system calls have in common. */
enum call {
	CALL_ANY, /* in a rule: whether or not in a system call */
	CALL_OTHER,
	CALL_READ,
	CALL_WRITE,
	CALL_RECEIVE,
	CALL_SEND,
	CALL_FUTEX,
	CALL_EPOLL,
	CALL_POLL,
	CALL_SELECT,
	CALL_SLEEP,
	CALL_ACCEPT,
	CALL_CONNECT,
	CALL_WAIT,
	CALL_SIGNAL,
	CALL_EXEC,
	CALL_EXIT,
	CALL_VFORK,
	CALL_URING,
	CALL_RESTART,
};

static const unsigned char calls[] = {
	[SYS_read] = CALL_READ,
	[SYS_pread64] = CALL_READ,
	[SYS_readv] = CALL_READ,
	[SYS_preadv] = CALL_READ,
	[SYS_preadv2] = CALL_READ,
	[SYS_write] = CALL_WRITE,
	[SYS_pwrite64] = CALL_WRITE,
	[SYS_writev] = CALL_WRITE,
	[SYS_pwritev] = CALL_WRITE,
	[SYS_pwritev2] = CALL_WRITE,
	[SYS_recvfrom] = CALL_RECEIVE,
	[SYS_recvmsg] = CALL_RECEIVE,
	[SYS_recvmmsg] = CALL_RECEIVE,
	[SYS_sendto] = CALL_SEND,
	[SYS_sendmsg] = CALL_SEND,
	[SYS_sendmmsg] = CALL_SEND,
	[SYS_futex] = CALL_FUTEX,
	[SYS_futex_waitv] = CALL_FUTEX,
	[454] = CALL_FUTEX, /* futex_wake, and the next two: futex_wait, futex_requeue (6.7) */
	[455] = CALL_FUTEX,
	[456] = CALL_FUTEX,
	[SYS_epoll_wait] = CALL_EPOLL,
	[SYS_epoll_pwait] = CALL_EPOLL,
	[SYS_epoll_pwait2] = CALL_EPOLL,
	[SYS_poll] = CALL_POLL,
	[SYS_ppoll] = CALL_POLL,
	[SYS_select] = CALL_SELECT,
	[SYS_pselect6] = CALL_SELECT,
	[SYS_nanosleep] = CALL_SLEEP,
	[SYS_clock_nanosleep] = CALL_SLEEP,
	[SYS_accept] = CALL_ACCEPT,
	[SYS_accept4] = CALL_ACCEPT,
	[SYS_connect] = CALL_CONNECT,
	[SYS_wait4] = CALL_WAIT,
	[SYS_waitid] = CALL_WAIT,
	[SYS_pause] = CALL_SIGNAL,
	[SYS_rt_sigsuspend] = CALL_SIGNAL,
	[SYS_rt_sigtimedwait] = CALL_SIGNAL,
	[SYS_execve] = CALL_EXEC,
	[SYS_execveat] = CALL_EXEC,
	[SYS_exit] = CALL_EXIT,
	[SYS_exit_group] = CALL_EXIT,
	[SYS_vfork] = CALL_VFORK,
	[SYS_io_uring_enter] = CALL_URING,
	[SYS_restart_syscall] = CALL_RESTART,
};

/* Function names, or with '*' at the end what they begin with. NULL ends the list. */
typedef const char *const function_list[];

static function_list in_fault = { "handle_mm_fault", "exc_page_fault", "asm_exc_page_fault",
				  "do_user_addr_fault", "__do_page_fault", "page_fault", NULL };
static function_list in_exit = { "do_exit", "do_group_exit", "make_task_dead", NULL };
static function_list in_core_dump = { "do_coredump", "vfs_coredump", "coredump_*", NULL };
static function_list in_stop = { "do_signal_stop", "do_jobctl_trap", "ptrace_stop", NULL };
static function_list in_freezer = { "__refrigerator", "do_freezer_trap", "cgroup_enter_frozen",
				    NULL };
static function_list in_vfork = { "wait_for_vfork_done", NULL };
static function_list in_disk = { "io_schedule*",	 "blk_*",	      "__blk_*",
				 "submit_bio_wait",	 "bio_await*",	      "folio_wait_bit*",
				 "folio_wait_writeback", "wait_on_page_*",    "__lock_page*",
				 "__folio_lock*",	 "__wait_on_buffer",  "bit_wait_io*",
				 "out_of_line_wait_on_bit*", "rq_qos_wait",   "wbt_wait",
				 "jbd2_log_wait_commit", "xlog_wait_on_iclog", "xfs_buf_iowait",
				 "iomap_dio_rw",	 "__iomap_dio_rw",    "btrfs_wait_*",
				 "nfs_wait_*",		 "balance_dirty_pages*", NULL };
static function_list in_pipe = { "pipe_*", "anon_pipe_*", "fifo_*", "wait_for_partner", NULL };
static function_list in_socket = { "sock_*", "__sock_*", "inet_*", "inet6_*", "tcp_*", "udp_*",
				   "unix_*", "__unix_*", "sk_*", "__skb_*", "netlink_*", "packet_*",
				   "vsock_*", NULL };
static function_list in_terminal = { "n_tty_*", "tty_*", "file_tty_*", NULL };
static function_list in_eventfd = { "eventfd_*", NULL };
static function_list in_timerfd = { "timerfd_*", NULL };
static function_list in_signalfd = { "signalfd_*", NULL };
static function_list in_inotify = { "inotify_*", "fanotify_*", NULL };
static function_list in_device = { "chrdev_*", "fuse_dev_*", "evdev_*", "uhid_*", "random_*",
				   "kmsg_*", "devkmsg_*", "tun_*", NULL };
static function_list in_uring = { "io_wq_worker", "io_wqe_worker", "io_sq_thread", NULL };
static function_list in_worker = { "worker_thread", "rescuer_thread", NULL };
static function_list in_work = { "process_one_work", NULL };
static function_list in_sleep = { "hrtimer_nanosleep", "do_nanosleep", "common_nsleep*", NULL };
static function_list in_futex = { "futex_*", "__futex_*", "do_futex", NULL };
static function_list in_poll = { "do_poll*", "do_sys_poll", "do_restart_poll", NULL };

struct rule {
	uint32_t needs; /* SCOPE_REASON_* of which one must be set; 0: none needed */
	uint32_t not;	/* of which none may be set */
	enum call call;
	const char *const *in; /* one of which must be in the stack; NULL: any stack */
	bool blind;	       /* holds where the stack is not known, too */
	const char *name;
};

#define ANY 0, 0, CALL_ANY
#define IN(call) 0, 0, call

/* The first rule that fits wins: what interrupts a system call, then what waits for a device, then
 * the system calls by what they wait for. */
static const struct rule rules[] = {
	{ SCOPE_REASON_STOPPED, 0, CALL_ANY, NULL, true, "stopped" },
	{ SCOPE_REASON_SHORT, SCOPE_REASON_SYSCALL, CALL_ANY, NULL, true, "short block" },
	{ ANY, in_freezer, false, "frozen" },
	{ ANY, in_stop, false, "stopped" },
	{ ANY, in_core_dump, false, "core dump" },

	{ SCOPE_REASON_IOWAIT, SCOPE_REASON_SYSCALL, CALL_ANY, NULL, true, "disk" },
	{ SCOPE_REASON_D, 0, CALL_ANY, in_disk, false, "disk" },
	{ IN(CALL_URING), NULL, true, "io_uring_enter" }, /* any wait in it counts as I/O */
	{ SCOPE_REASON_IOWAIT, 0, CALL_ANY, NULL, true, "disk" },

	{ SCOPE_REASON_KTHREAD, 0, CALL_ANY, in_work, false, "kernel work" },
	{ SCOPE_REASON_KTHREAD, 0, CALL_ANY, in_worker, false, "idle worker" },
	{ SCOPE_REASON_KTHREAD, 0, CALL_ANY, NULL, true, "kernel thread" },

	{ ANY, in_fault, false, "page fault" },
	{ ANY, in_exit, false, "exit" },
	{ ANY, in_vfork, false, "vfork" },
	{ ANY, in_uring, false, "io_uring worker" },
	{ SCOPE_REASON_FAULT, 0, CALL_ANY, NULL, true, "page fault" },

	{ IN(CALL_FUTEX), NULL, true, "futex" },
	{ IN(CALL_EPOLL), NULL, true, "epoll" },
	{ IN(CALL_POLL), NULL, true, "poll" },
	{ IN(CALL_SELECT), NULL, true, "select" },
	{ IN(CALL_SLEEP), NULL, true, "sleep" },
	{ IN(CALL_ACCEPT), NULL, true, "accept" },
	{ IN(CALL_CONNECT), NULL, true, "connect" },
	{ IN(CALL_WAIT), NULL, true, "wait" },
	{ IN(CALL_SIGNAL), NULL, true, "signal wait" },
	{ IN(CALL_EXEC), NULL, true, "exec" },
	{ IN(CALL_EXIT), NULL, true, "exit" },
	{ IN(CALL_VFORK), NULL, true, "vfork" },
	{ IN(CALL_RECEIVE), NULL, true, "read socket" },
	{ IN(CALL_SEND), NULL, true, "write socket" },

	{ IN(CALL_READ), in_pipe, false, "read pipe" },
	{ IN(CALL_READ), in_socket, false, "read socket" },
	{ IN(CALL_READ), in_terminal, false, "read terminal" },
	{ IN(CALL_READ), in_eventfd, false, "read eventfd" },
	{ IN(CALL_READ), in_timerfd, false, "read timerfd" },
	{ IN(CALL_READ), in_signalfd, false, "signal wait" },
	{ IN(CALL_READ), in_inotify, false, "read inotify" },
	{ IN(CALL_READ), in_device, false, "read device" },
	{ IN(CALL_WRITE), in_pipe, false, "write pipe" },
	{ IN(CALL_WRITE), in_socket, false, "write socket" },
	{ IN(CALL_WRITE), in_terminal, false, "write terminal" },
	{ IN(CALL_WRITE), in_eventfd, false, "write eventfd" },
	{ IN(CALL_WRITE), in_device, false, "write device" },

	{ IN(CALL_RESTART), in_sleep, false, "sleep" },
	{ IN(CALL_RESTART), in_futex, false, "futex" },
	{ IN(CALL_RESTART), in_poll, false, "poll" },
};

static bool function_is(const char *function, const char *wanted)
{
	size_t length = strlen(wanted);

	if (wanted[length - 1] == '*')
		return strncmp(function, wanted, length - 1) == 0;
	/* the compiler's copies: ".isra.0", ".constprop.0", ".cold" */
	return strncmp(function, wanted, length) == 0 &&
	       (function[length] == '\0' || function[length] == '.');
}

static bool is_in(const char *const *wanted, const char *const *functions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (const char *const *w = wanted; functions[i] && *w; w++)
			if (function_is(functions[i], *w))
				return true;
	return false;
}

static enum call call_of(uint32_t reason)
{
	uint32_t number = reason & SCOPE_REASON_NR_MASK;

	if (!(reason & SCOPE_REASON_SYSCALL) || reason & SCOPE_REASON_COMPAT)
		return CALL_ANY;
	if (number >= ARRAY_SIZE(calls) || !calls[number])
		return CALL_OTHER;
	return calls[number];
}

static bool rule_fits(const struct rule *rule, uint32_t reason, enum call call,
		      const char *const *functions, size_t count)
{
	if ((rule->needs && !(reason & rule->needs)) || reason & rule->not)
		return false;
	if (rule->call != CALL_ANY && rule->call != call)
		return false;
	if (!count)
		return rule->blind;
	return !rule->in || is_in(rule->in, functions, count);
}

const char *reason_syscall_name(uint32_t number)
{
	return number < ARRAY_SIZE(syscall_names) ? syscall_names[number] : NULL;
}

const char *reason_name(uint32_t reason, const char *const *functions, size_t count,
			char space[REASON_NAME_BYTES])
{
	uint32_t number = reason & SCOPE_REASON_NR_MASK;
	enum call call = call_of(reason);
	const char *name;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rule_fits(&rules[i], reason, call, functions, count))
			return rules[i].name;
	if (!(reason & SCOPE_REASON_SYSCALL))
		return "unknown";
	if (reason & SCOPE_REASON_COMPAT) {
		snprintf(space, REASON_NAME_BYTES, "syscall32 %u", number);
		return space;
	}
	if (call == CALL_READ)
		return count ? "read file" : "read";
	if (call == CALL_WRITE)
		return count ? "write file" : "write";
	name = reason_syscall_name(number);
	if (name)
		return name;
	snprintf(space, REASON_NAME_BYTES, "syscall %u", number);
	return space;
}
