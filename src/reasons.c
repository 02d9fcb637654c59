// SPDX-License-Identifier: MIT
#include "reasons.h"

#include <assert.h>
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

/* Kinds of place, by functions that are in no other; bits of what reason_places_of() returns. */
enum place {
	P_FAULT,
	P_EXIT,
	P_CORE_DUMP,
	P_STOP,
	P_FREEZER,
	P_VFORK,
	P_DISK,
	P_PIPE,
	P_SOCKET,
	P_TERMINAL,
	P_EVENTFD,
	P_TIMERFD,
	P_SIGNALFD,
	P_INOTIFY,
	P_DEVICE,
	P_URING,
	P_WORKER,
	P_WORK,
	P_SLEEP,
	P_FUTEX,
	P_POLL,
	PLACES,
};

/* Function names, or with '*' at the end what they begin with. NULL ends the list. */
static const char *const place_functions[PLACES][26] = {
	[P_FAULT] = { "handle_mm_fault", "exc_page_fault", "asm_exc_page_fault",
		"do_user_addr_fault", "__do_page_fault", "page_fault" },
	[P_EXIT] = { "do_exit", "do_group_exit", "make_task_dead" },
	[P_CORE_DUMP] = { "do_coredump", "vfs_coredump", "coredump_*" },
	[P_STOP] = { "do_signal_stop", "do_jobctl_trap", "ptrace_stop" },
	[P_FREEZER] = { "__refrigerator", "do_freezer_trap", "cgroup_enter_frozen" },
	[P_VFORK] = { "wait_for_vfork_done" },
	[P_DISK] = { "io_schedule*", "blk_*", "__blk_*", "submit_bio_wait", "bio_await*",
		"folio_wait_bit*", "folio_wait_writeback", "wait_on_page_*", "__lock_page*",
		"__folio_lock*", "__wait_on_buffer", "bit_wait_io*", "out_of_line_wait_on_bit*",
		"rq_qos_wait", "wbt_wait", "jbd2_log_wait_commit", "xlog_wait_on_iclog",
		"xfs_buf_iowait", "iomap_dio_rw", "__iomap_dio_rw", "btrfs_wait_*", "nfs_wait_*",
		"balance_dirty_pages*" },
	[P_PIPE] = { "pipe_*", "anon_pipe_*", "fifo_*", "wait_for_partner" },
	[P_SOCKET] = { "sock_*", "__sock_*", "inet_*", "inet6_*", "tcp_*", "udp_*", "unix_*",
		"__unix_*", "sk_*", "__skb_*", "netlink_*", "packet_*", "vsock_*" },
	[P_TERMINAL] = { "n_tty_*", "tty_*", "file_tty_*" },
	[P_EVENTFD] = { "eventfd_*" },
	[P_TIMERFD] = { "timerfd_*" },
	[P_SIGNALFD] = { "signalfd_*" },
	[P_INOTIFY] = { "inotify_*", "fanotify_*" },
	[P_DEVICE] = { "chrdev_*", "fuse_dev_*", "evdev_*", "uhid_*", "random_*", "kmsg_*",
		"devkmsg_*", "tun_*" },
	[P_URING] = { "io_wq_worker", "io_wqe_worker", "io_sq_thread" },
	[P_WORKER] = { "worker_thread", "rescuer_thread" },
	[P_WORK] = { "process_one_work" },
	[P_SLEEP] = { "hrtimer_nanosleep", "do_nanosleep", "common_nsleep*" },
	[P_FUTEX] = { "futex_*", "__futex_*", "do_futex" },
	[P_POLL] = { "do_poll*", "do_sys_poll", "do_restart_poll" },
};

static_assert(PLACES < 31, "places are bits of a word");

struct rule {
	uint32_t needs; /* SCOPE_REASON_* of which one must be set; 0: none needed */
	uint32_t not;	/* of which none may be set */
	enum call call;
	uint32_t in; /* places of which the stack must have one; 0: any stack */
	const char *name;
};

#define ANY 0, 0, CALL_ANY
#define OF(call) 0, 0, call
#define IN(place) (1u << P_##place)

/* The first rule that fits wins: what interrupts a system call, then what waits for a device, then
 * the system calls by what they wait for. */
static const struct rule rules[] = {
	{ SCOPE_REASON_STOPPED, 0, CALL_ANY, 0, "stopped" },
	{ SCOPE_REASON_SHORT, SCOPE_REASON_SYSCALL, CALL_ANY, 0, "short block" },
	{ ANY, IN(FREEZER), "frozen" },
	{ ANY, IN(STOP), "stopped" },
	{ ANY, IN(CORE_DUMP), "core dump" },

	{ SCOPE_REASON_IOWAIT, SCOPE_REASON_SYSCALL, CALL_ANY, 0, "disk" },
	{ SCOPE_REASON_D, 0, CALL_ANY, IN(DISK), "disk" },
	{ ANY, IN(URING), "io_uring worker" }, /* some kernels leave it its creator's call */
	{ OF(CALL_URING), 0, "io_uring_enter" }, /* any wait in it counts as I/O */
	{ SCOPE_REASON_IOWAIT, 0, CALL_ANY, 0, "disk" },

	{ SCOPE_REASON_KTHREAD, 0, CALL_ANY, IN(WORK), "kernel work" },
	{ SCOPE_REASON_KTHREAD, 0, CALL_ANY, IN(WORKER), "idle worker" },
	{ SCOPE_REASON_KTHREAD, 0, CALL_ANY, 0, "kernel thread" },

	{ ANY, IN(FAULT), "page fault" },
	{ ANY, IN(EXIT), "exit" },
	{ ANY, IN(VFORK), "vfork" },
	{ SCOPE_REASON_FAULT, 0, CALL_ANY, 0, "page fault" },

	{ OF(CALL_FUTEX), 0, "futex" },
	{ OF(CALL_EPOLL), 0, "epoll" },
	{ OF(CALL_POLL), 0, "poll" },
	{ OF(CALL_SELECT), 0, "select" },
	{ OF(CALL_SLEEP), 0, "sleep" },
	{ OF(CALL_ACCEPT), 0, "accept" },
	{ OF(CALL_CONNECT), 0, "connect" },
	{ OF(CALL_WAIT), 0, "wait" },
	{ OF(CALL_SIGNAL), 0, "signal wait" },
	{ OF(CALL_EXEC), 0, "exec" },
	{ OF(CALL_EXIT), 0, "exit" },
	{ OF(CALL_VFORK), 0, "vfork" },
	{ OF(CALL_RECEIVE), 0, "read socket" },
	{ OF(CALL_SEND), 0, "write socket" },

	{ OF(CALL_READ), IN(PIPE), "read pipe" },
	{ OF(CALL_READ), IN(SOCKET), "read socket" },
	{ OF(CALL_READ), IN(TERMINAL), "read terminal" },
	{ OF(CALL_READ), IN(EVENTFD), "read eventfd" },
	{ OF(CALL_READ), IN(TIMERFD), "read timerfd" },
	{ OF(CALL_READ), IN(SIGNALFD), "signal wait" },
	{ OF(CALL_READ), IN(INOTIFY), "read inotify" },
	{ OF(CALL_READ), IN(DEVICE), "read device" },
	{ OF(CALL_WRITE), IN(PIPE), "write pipe" },
	{ OF(CALL_WRITE), IN(SOCKET), "write socket" },
	{ OF(CALL_WRITE), IN(TERMINAL), "write terminal" },
	{ OF(CALL_WRITE), IN(EVENTFD), "write eventfd" },
	{ OF(CALL_WRITE), IN(DEVICE), "write device" },

	{ OF(CALL_RESTART), IN(SLEEP), "sleep" },
	{ OF(CALL_RESTART), IN(FUTEX), "futex" },
	{ OF(CALL_RESTART), IN(POLL), "poll" },
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

uint32_t reason_places_of(const char *function)
{
	uint32_t places = 0;

	for (uint32_t p = 0; p < PLACES; p++)
		for (const char *const *wanted = place_functions[p]; *wanted; wanted++)
			if (function_is(function, *wanted))
				places |= 1u << p;
	return places;
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

static bool rule_fits(const struct rule *rule, uint32_t reason, enum call call, uint32_t places)
{
	if ((rule->needs && !(reason & rule->needs)) || reason & rule->not)
		return false;
	if (rule->call != CALL_ANY && rule->call != call)
		return false;
	return !rule->in || rule->in & places;
}

const char *reason_syscall_name(uint32_t number)
{
	return number < ARRAY_SIZE(syscall_names) ? syscall_names[number] : NULL;
}

const char *reason_name(uint32_t reason, uint32_t places, char space[REASON_NAME_BYTES])
{
	uint32_t number = reason & SCOPE_REASON_NR_MASK;
	enum call call = call_of(reason);
	const char *name;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rule_fits(&rules[i], reason, call, places))
			return rules[i].name;
	if (!(reason & SCOPE_REASON_SYSCALL))
		return "unknown";
	if (reason & SCOPE_REASON_COMPAT) {
		snprintf(space, REASON_NAME_BYTES, "syscall32 %u", number);
		return space;
	}
	if (call == CALL_READ)
		return places & REASON_PLACES_UNKNOWN ? "read" : "read file";
	if (call == CALL_WRITE)
		return places & REASON_PLACES_UNKNOWN ? "write" : "write file";
	name = reason_syscall_name(number);
	if (name)
		return name;
	snprintf(space, REASON_NAME_BYTES, "syscall %u", number);
	return space;
}
