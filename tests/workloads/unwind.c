// SPDX-License-Identifier: MIT
/*
 * unwind - threads whose stacks are known, built without frame pointers: each shape
 * (unwind/shapes.c) in each place, which is blocked for ever, blocked for 2 ms again and again, or
 * running.
 *
 * --shapes LIST and --places LIST choose (comma between, default: all). --mode:
 *   shapes  (default) all threads are there and at their places before `ready`
 *   late    they are made on the byte `b` from stdin; `d` opens a library beside this program and
 *           makes threads that go into it; `s` starts this program anew (shapes deep, recursion)
 *   vfork   the main thread makes a child by vfork() that waits in its parent's memory for a byte,
 *           and then executes this program anew
 *   exec    what it then is: one thread, blocked again and again
 * Ends when stdin does.
 *
 * Facts: `thread` with pid, tid, role (SHAPE.PLACE), place, chain, incomplete, end_off, and for
 * threads with two chains one after the other `then`; `ready`. A chain is from the outermost
 * function to the leaf: names; NAME*N is N of them; ~ is any number of functions that are not this
 * program's own (whose names begin with `unwind_`); ? is one frame of any kind. end_off is the
 * return address in the outermost frame, as an address of the file (ELF's vaddr).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include "rawcall.h"
#include "unwind/unwind.h"
#include "work.h"

#define MAX_THREADS 128

int unwind_serve(bool at_once);
pid_t unwind_vfork(void);
void unwind_child_waits(void);
void unwind_parent_waits(pid_t child);
void unwind_parent(void);
void unwind_after_exec(void);
void *unwind_thread(void *data);

__thread struct thread *unwind_self;

static struct thread threads[MAX_THREADS];
static int thread_count;
static const struct timespec pause_time = { .tv_nsec = 2 * WORK_MS };
static int silence[2]; /* a pipe that nobody writes to */
static char **own_argv;

/* --- leaves ---------------------------------------------------------------------------------- */

FRAME static void unwind_leaf_blocked(void)
{
	char byte;

	for (;;)
		if (read(silence[0], &byte, 1) < 0)
			work_die("read");
}

FRAME static void unwind_leaf_periodic(void)
{
	for (;;)
		nanosleep(&pause_time, NULL);
}

FRAME static void unwind_leaf_running(void)
{
	for (volatile uint64_t turns = 0;; turns++)
		;
}

/* These two have no frame either, and libc is not between them and the kernel. */
FRAME static void unwind_raw_blocked(void)
{
	__asm__ volatile("1:	mov %0, %%eax\n"
			 "	xor %%edi, %%edi\n"
			 "	xor %%esi, %%esi\n"
			 "	xor %%edx, %%edx\n"
			 "	xor %%r10d, %%r10d\n"
			 "	syscall\n"
			 "	jmp 1b\n"
			 :
			 : "i"(SYS_ppoll)
			 : "rax", "rdi", "rsi", "rdx", "r10", "rcx", "r11", "memory");
}

FRAME static void unwind_raw_periodic(void)
{
	__asm__ volatile("1:	mov %0, %%eax\n"
			 "	mov %1, %%rdi\n"
			 "	xor %%esi, %%esi\n"
			 "	syscall\n"
			 "	jmp 1b\n"
			 :
			 : "i"(SYS_nanosleep), "r"(&pause_time)
			 : "rax", "rdi", "rsi", "rcx", "r11", "memory");
}

static const struct {
	const char *name;
	leaf_fn *leaf, *raw;
	const char *chain, *raw_chain;
} places[PLACES] = {
	{ "blocked", unwind_leaf_blocked, unwind_raw_blocked, ",unwind_leaf_blocked,~",
	  ",unwind_raw_blocked" },
	{ "periodic", unwind_leaf_periodic, unwind_raw_periodic, ",unwind_leaf_periodic,~",
	  ",unwind_raw_periodic" },
	{ "running", unwind_leaf_running, unwind_leaf_running, ",unwind_leaf_running",
	  ",unwind_leaf_running" },
};

/* --- facts ----------------------------------------------------------------------------------- */

struct module {
	uintptr_t address, vaddr;
};

static int find_module(struct dl_phdr_info *info, size_t size, void *data)
{
	struct module *module = data;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || module->address < start ||
		    module->address >= start + p->p_memsz)
			continue;
		module->vaddr = module->address - info->dlpi_addr;
		return 1;
	}
	return 0;
}

/* The fact's part that follows the chains. */
static unsigned long long end_off(const void *outermost)
{
	struct module module = { .address = (uintptr_t)outermost };

	dl_iterate_phdr(find_module, &module);
	return module.vaddr;
}

void tell_thread(const struct thread *thread, const void *outermost)
{
	const struct shape *shape = thread->shape;
	bool raw = shape->flags & SHAPE_RAW, own = shape->flags & SHAPE_OWN_STACK;
	const char *leaf = raw ? places[thread->place].raw_chain : places[thread->place].chain;

	work_fact("thread pid=%d tid=%d role=%s.%s place=%s incomplete=%d end_off=%llu "
		  "chain=~,%s%s%s",
		  getpid(), thread->tid, shape->name, places[thread->place].name,
		  places[thread->place].name, (shape->flags & SHAPE_INCOMPLETE) != 0,
		  end_off(outermost), own ? "" : "unwind_thread,", shape->chain,
		  shape->flags & SHAPE_LOOP ? "" : leaf);
}

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *context, void *data)
{
	uintptr_t ip = _Unwind_GetIP(context);

	if (ip)
		*(void **)data = (void *)ip;
	return _URC_NO_REASON;
}

/* By the compiler's own unwinder. */
static const void *outermost_frame(void)
{
	void *ip = NULL;

	_Unwind_Backtrace(take_frame, &ip);
	return ip;
}

static void tell_main(const char *chain, const char *then)
{
	work_fact("thread pid=%d tid=%d role=main place=blocked incomplete=0 end_off=%llu "
		  "chain=~,main,%s%s%s",
		  getpid(), work_tid(), end_off(outermost_frame()), chain,
		  then ? " then=~,main," : "", then ? then : "");
}

/* --- threads --------------------------------------------------------------------------------- */

FRAME void *unwind_thread(void *data)
{
	struct thread *self = data;

	unwind_self = self;
	self->tid = work_tid();
	if (!(self->shape->flags & SHAPE_OWN_STACK))
		tell_thread(self, outermost_frame());
	if (!(self->shape->flags & (SHAPE_OWN_STACK | SHAPE_POKE)))
		self->step = 1;
	self->shape->enter(self->leaf);
	KEEP_FRAME();
	return NULL;
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += n)
		if ((at == words || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

static struct thread *make_thread(const struct shape *shape, enum place place)
{
	struct thread *thread = &threads[thread_count++];
	pthread_t id;

	thread->shape = shape;
	thread->place = place;
	thread->leaf = shape->flags & SHAPE_RAW ? places[place].raw : places[place].leaf;
	errno = pthread_create(&id, NULL, unwind_thread, thread);
	if (errno)
		work_die("pthread_create");
	return thread;
}

static void make_threads(const struct shape *shapes, enum place place)
{
	const char *names = work_option("shapes", NULL);
	const char *place_names = work_option("places", NULL);

	if (place_names && !has_word(place_names, places[place].name))
		return;
	for (const struct shape *shape = shapes; shape->name; shape++) {
		if (names ? !has_word(names, shape->name) : shape->flags & SHAPE_ASKED)
			continue;
		if ((shape->flags & SHAPE_LOOP) && place != PLACE_RUNNING)
			continue;
		if (thread_count < MAX_THREADS)
			make_thread(shape, place);
	}
}

static bool is_sleeping(int tid)
{
	char path[64], text[512], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "re");
	if (!file)
		work_die(path);
	if (fgets(text, sizeof(text), file) && strrchr(text, ')'))
		state = strrchr(text, ')')[2];
	fclose(file);
	return state == 'S';
}

static void wait_until_sleeping(const struct thread *thread)
{
	while (!is_sleeping(thread->tid))
		work_sleep_ns(WORK_MS);
}

static void wait_for_step(const struct thread *thread, int step)
{
	while (thread->step < step)
		work_sleep_ns(WORK_MS);
}

/* Returns once the threads made since `first` are where they are to be. */
static void settle(int first)
{
	for (int i = first; i < thread_count; i++) {
		struct thread *thread = &threads[i];

		wait_for_step(thread, 1);
		if (thread->shape->flags & SHAPE_POKE) {
			if (thread->shape->enter != unwind_signal_leaf)
				wait_until_sleeping(thread);
			/* By tid: its pthread_t is no longer at hand. */
			if (raw_call(SYS_tgkill, getpid(), thread->tid, SIGUSR1, 0))
				work_die("tgkill");
			wait_for_step(thread, 2);
		}
		if (thread->place == PLACE_BLOCKED)
			wait_until_sleeping(thread);
	}
}

/* Those that run come last: the others get to their places on an idle machine. */
static void make_all(const struct shape *shapes)
{
	int first = thread_count;

	make_threads(shapes, PLACE_BLOCKED);
	make_threads(shapes, PLACE_PERIODIC);
	settle(first);
	first = thread_count;
	make_threads(shapes, PLACE_RUNNING);
	settle(first);
}

/* --- what happens late ----------------------------------------------------------------------- */

static void open_library(void)
{
#ifdef UNWIND_DYNAMIC
	static struct shape shapes[] = {
		{ "loaded", NULL, "unwind_loaded,unwind_loaded_inner*5", 0 },
		{ "loaded_loop", NULL,
		  "unwind_loaded_loop,unwind_loaded_inner*5,unwind_loaded_spin", SHAPE_LOOP },
		{ .name = NULL },
	};
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	void *library;

	if (n < 0)
		work_die("/proc/self/exe");
	path[n] = '\0';
	strcpy(strrchr(path, '/') + 1, "unwind_loaded.so");
	library = dlopen(path, RTLD_NOW);
	if (!library)
		work_die(dlerror());
	*(void **)&shapes[0].enter = dlsym(library, "unwind_loaded");
	*(void **)&shapes[1].enter = dlsym(library, "unwind_loaded_loop");
	for (enum place place = 0; place < PLACES; place++)
		make_thread(&shapes[0], place);
	make_thread(&shapes[1], PLACE_RUNNING);
#else
	errno = ENOSYS;
	work_die("dlopen");
#endif
}

static void start_anew(void)
{
	pid_t pid = fork();

	if (pid < 0)
		work_die("fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/proc/self/exe", own_argv[0], "--facts", work_option("facts", "/dev/stdout"),
	      "--shapes", "deep,recursion", (char *)NULL);
	_exit(127);
}

/* Returns the exit code. */
FRAME int unwind_serve(bool at_once)
{
	char byte;
	ssize_t n;

	if (at_once)
		make_all(unwind_shapes);
	work_fact("ready");
	while ((n = read(STDIN_FILENO, &byte, 1)) == 1) {
		if (byte == 'b')
			make_all(unwind_shapes);
		else if (byte == 'd')
			open_library();
		else if (byte == 's')
			start_anew();
	}
	KEEP_FRAME();
	return n < 0;
}

/* --- vfork and exec -------------------------------------------------------------------------- */

/* In the child, on its parent's stack. */
FRAME void unwind_child_waits(void)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tell_main("unwind_parent,unwind_vfork,unwind_child_waits,~",
		  "unwind_after_exec,unwind_leaf_periodic,~");
	if (read(STDIN_FILENO, &byte, 1) == 1)
		execl("/proc/self/exe", own_argv[0], "--mode", "exec", (char *)NULL);
	_exit(127);
}

FRAME pid_t unwind_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		unwind_child_waits();
	KEEP_FRAME();
	return pid;
}

FRAME void unwind_parent_waits(pid_t child)
{
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	KEEP_FRAME();
}

FRAME void unwind_parent(void)
{
	pid_t child;

	tell_main("unwind_parent,unwind_vfork,~", "unwind_parent,unwind_parent_waits,~");
	child = unwind_vfork();
	if (child < 0)
		work_die("vfork");
	unwind_parent_waits(child);
	KEEP_FRAME();
}

FRAME void unwind_after_exec(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	unwind_leaf_periodic();
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	const char *mode;
	int code;

	own_argv = argv;
	work_begin(argc, argv, "mode shapes places");
	mode = work_option("mode", "shapes");
	catch_signals();
	if (pipe(silence))
		work_die("pipe");
	if (!strcmp(mode, "exec"))
		unwind_after_exec();
	if (!strcmp(mode, "vfork")) {
		unwind_parent();
		return 0;
	}
	tell_main("unwind_serve,~", NULL);
	code = unwind_serve(strcmp(mode, "late"));
	KEEP_FRAME();
	return code;
}
