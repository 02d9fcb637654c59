// SPDX-License-Identifier: MIT
/* helpers.c - what the programs ask the kernel about tasks, clocks and stacks. Maps: maps.c. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf_helpers.h>

#include "code.h"
#include "kernel.h"
#include "kstack.h"
#include "random.h"
#include "warm.bpf.h"

bool shadow_has_new_state = true;

__u64 bpf_ktime_get_ns(void)
{
	__u64 now = kernel.now_ns + (__u64)kernel.skew_ns[kernel.cpu] + kernel.readings++ * kernel.read_ns;

	kernel.now_ns += kernel.stolen_ns;
	kernel.stolen_ns = 0;
	return now;
}

__u32 bpf_get_prandom_u32(void)
{
	static __u64 state = 0x632be59bd9b4e019ull;
	int draw = kernel.draws[kernel.next_draw];

	if (!draw)
		return random_below(&state, ~0u);
	kernel.next_draw++;
	return draw > 0 ? 0 : ~0u;
}

/* What another CPU is to do at this point, once; the number of this one. */
static __u32 let_others_act(void (**act)(void))
{
	void (*meanwhile)(void) = *act;
	__u32 cpu = kernel.cpu;

	*act = NULL;
	if (meanwhile)
		meanwhile();
	kernel.cpu = cpu;
	return cpu;
}

/* Whether some thread's memory was noted to be there (bpf/warm.bpf.h): it may be gone. */
static bool was_noted(uintptr_t address)
{
	__u32 zero = 0;
	const struct warm_note *notes = bpf_map_lookup_elem(&warm_notes, &zero);

	for (__u32 i = 0; i < WARM_NOTES; i++)
		if (notes[i].tid && (address == notes[i].storage ||
				     address - notes[i].values + 8 < sizeof(struct task_values) + 8))
			return true;
	return false;
}

/* Where there is no memory, or none any more, the kernel reads zeroes. */
void *bpf_rdonly_cast(const void *address, __u32 type)
{
	static const struct pt_regs none;

	assert(type);
	if (address && !__asan_region_is_poisoned((void *)(uintptr_t)address, sizeof(__u64)))
		return (void *)(uintptr_t)address;
	assert(was_noted((uintptr_t)address));
	return (void *)(uintptr_t)&none;
}

void bpf_preempt_disable(void)
{
	kernel.cpu_holds++;
}

void bpf_preempt_enable(void)
{
	assert(kernel.cpu_holds > 0);
	kernel.cpu_holds--;
}

__u32 bpf_get_smp_processor_id(void)
{
	return let_others_act(&kernel.in_opening);
}

__u64 bpf_get_current_task(void)
{
	return (uintptr_t)&kernel.current[kernel.cpu]->task;
}

struct task_struct *bpf_get_current_task_btf(void)
{
	return &kernel.current[kernel.cpu]->task;
}

long bpf_task_pt_regs(struct task_struct *task)
{
	return (long)(uintptr_t)kernel_regs((struct ktask *)task);
}

long bpf_probe_read_kernel(void *to, __u32 size, const void *from)
{
	memcpy(to, from, size);
	return 0;
}

/* Code, as far as a walk looks at it: calls everywhere. */
static bool is_code(const struct ktask *t, const void *from, __u32 size)
{
	return size == sizeof(__u64) && !t->is_code_away && code_is_mapped((uintptr_t)from);
}

/* The running thread's memory is its stack and its code; nothing else is mapped. */
long bpf_probe_read_user(void *to, __u32 size, const void *from)
{
	struct ktask *t = kernel.current[kernel.cpu];
	uintptr_t off = (uintptr_t)from - KERNEL_USER_STACK;

	memset(to, 0, size); /* as the kernel does where it fails */
	if (t->task.mm && is_code(t, from, size)) {
		memset(to, 0xe8, size);
		return 0;
	}
	if (!t->task.mm || t->memory_is_next || (uintptr_t)from < KERNEL_USER_STACK || off > sizeof(t->user_memory) ||
	    size > sizeof(t->user_memory) - off)
		return -EFAULT;
	for (uintptr_t at = off & ~4095ull; at < off + size; at += 4096)
		if (t->bad_pages >> at / 4096 & 1)
			return -EFAULT;
	memcpy(to, (const char *)t->user_memory + off, size);
	return 0;
}

static long copy_stack(const struct stack_plan *plan, void *to, __u32 size)
{
	__u32 bytes = plan->count * 8;

	if (plan->error)
		return plan->error;
	if (bytes > size)
		bytes = size;
	memcpy(to, plan->ips, bytes);
	return (long)bytes;
}

long bpf_get_stack(void *ctx, void *to, __u32 size, __u64 flags)
{
	struct ktask *t = kernel.current[let_others_act(&kernel.in_stack)];

	assert(!(flags & BPF_F_USER_STACK)); /* user stacks: by bpf_probe_read_user() */
	kernel.stack_walks++;
	if (!ctx)
		return copy_stack(&t->kernel, to, size);
	memcpy(to, kstack_own, sizeof(kstack_own));
	return (long)sizeof(kstack_own) + copy_stack(&t->kernel, (char *)to + sizeof(kstack_own),
						     size - (__u32)sizeof(kstack_own));
}

long bpf_get_task_stack(struct task_struct *task, void *to, __u32 size, __u64 flags)
{
	assert(!(flags & BPF_F_USER_STACK)); /* fails always for another task */
	return copy_stack(&((struct ktask *)task)->kernel, to, size);
}

void *bpf_task_storage_get(void *map, struct task_struct *task, void *value, __u64 flags)
{
	struct ktask *t = (struct ktask *)task;

	assert(map == &task_accounts && !value);
	if (kernel.storage == STORAGE_BUSY)
		return NULL;
	if (!t->storage && flags & BPF_LOCAL_STORAGE_GET_F_CREATE && kernel.storage != STORAGE_NO_ROOM)
		t->storage = calloc(1, sizeof(struct task_values));
	return t->storage;
}

long bpf_task_storage_delete(void *map, struct task_struct *task)
{
	struct ktask *t = (struct ktask *)task;

	assert(map == &task_accounts);
	if (kernel.storage == STORAGE_BUSY)
		return -EBUSY;
	if (!t->storage)
		return -ENOENT;
	free(t->storage);
	t->storage = NULL;
	return 0;
}

/* Compilers put the programs' constants where nobody may write; libbpf may, and so may we. */
void kernel_set_constant(const volatile void *constant, const volatile void *value,
			 size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)constant;
	uintptr_t first = at & ~(page - 1), last = (at + bytes - 1) & ~(page - 1);
	volatile unsigned char *to = (volatile unsigned char *)at;
	const volatile unsigned char *from = value;
	int r = mprotect((void *)first, last - first + page, PROT_READ | PROT_WRITE);

	assert(!r);
	(void)r;
	for (size_t i = 0; i < bytes; i++)
		to[i] = from[i];
}
