// SPDX-License-Identifier: MIT
#include "object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel_btf.h"
#include "kernel_features.h"
#include "loader.h"
#include "mem.h"
#include "scope.skel.h"
#include "scope_maps.h"
#include "thread.h"

enum { HASH_ACCOUNTS = 1 << 16 }; /* where task storage is missing */

/* --- libbpf's own words are kept for the error message --------------------------------------- */

static char last_words[256];
static bool chatty;

static int keep_words(enum libbpf_print_level level, const char *format, va_list args)
{
	if (chatty) {
		vfprintf(stderr, format, args);
	} else if (level == LIBBPF_WARN && !last_words[0]) { /* the first names the cause */
		vsnprintf(last_words, sizeof(last_words), format, args);
		last_words[strcspn(last_words, "\n")] = 0;
	}
	return 0;
}

/* --- what is loaded ------------------------------------------------------------------------------ */

/* bpf/core.bpf.h says what for. */
static bool wants_wakeups(const struct config *c, const struct features *f)
{
	return c->timeline || c->min_block_ns || c->cpus || !f->rows[FEATURE_WAIT_COUNTS].ok;
}

static void set_constants(struct scope_bpf *s, const struct config *c, const struct features *f,
			  const struct kernel_btf *btf, uint64_t cgroup_id)
{
	struct scope_bpf__rodata *ro = s->rodata;

	ro->have_task_storage = f->rows[FEATURE_TASK_STORAGE].ok;
	ro->have_task_pt_regs = f->rows[FEATURE_TASK_PT_REGS].ok;
	ro->filter = c->system_wide		 ? SCOPE_FILTER_ALL :
		     c->target == TARGET_TIDS ? SCOPE_FILTER_TID :
						SCOPE_FILTER_TGID;
	ro->want_user_threads = c->user_threads;
	ro->want_kernel_threads = c->kernel_threads;
	ro->want_user_stacks = c->user_stacks;
	ro->want_kernel_stacks = c->kernel_stacks;
	ro->have_unwind = c->user_stacks;
	ro->user_frames_max = c->max_stack;
	ro->follow_children = c->children || c->target == TARGET_COMMAND;
	ro->match_comm = c->target == TARGET_COMM;
	if (c->comm) /* the kernel keeps 15 bytes */
		memcpy((char *)ro->comm_wanted, c->comm, strnlen(c->comm, SCOPE_COMM_LEN - 1));
	ro->cgroup_wanted = cgroup_id;
	ro->min_block_ns = c->min_block_ns;
	ro->restrict_cpus = c->cpus != NULL;
	ro->want_thinning = c->max_overhead_ppm != 0;
	ro->want_waits = c->states[SCOPE_RUNQ] || c->states[SCOPE_OFF];
	ro->want_wakeups = wants_wakeups(c, f);
	ro->table_entries = SUM_ENTRIES;
	ro->stack_ring_wake_bytes = STACK_RING_BYTES / 4;
	ro->want_timeline = c->timeline;
	ro->timeline_ring_wake_bytes = TIMELINE_RING_BYTES / 4;
	if (kernel_btf_id(btf, "bpf_rdonly_cast", BTF_KIND_FUNC))
		ro->word_type = kernel_btf_id(btf, "pt_regs", BTF_KIND_STRUCT);
	else
		ro->word_type = 0;
	for (size_t i = 0; c->cpus && i < SCOPE_MAX_CPUS; i++)
		s->bss->cpu_listed[i] = c->cpus[i];
}

/*
 * What every event reads is not to be mapped by user space: what is may not lie in the kernel's own
 * memory, whose large pages are always known to the CPU, and each other page costs some nanoseconds at
 * each event.
 */
static void keep_close(struct bpf_map *map)
{
	bpf_map__set_map_flags(map, bpf_map__map_flags(map) & ~(uint32_t)BPF_F_MMAPABLE);
}

static void choose_maps_and_programs(struct scope_bpf *s, const struct config *c,
				     const struct features *f, uint64_t cgroup_id)
{
	bool storage = f->rows[FEATURE_TASK_STORAGE].ok;

	bpf_map__set_autocreate(s->maps.task_accounts, storage);
	if (!storage)
		bpf_map__set_max_entries(s->maps.hash_accounts, HASH_ACCOUNTS);
	if (!c->user_stacks)
		bpf_map__set_max_entries(s->maps.unwind_spaces, 1);
	bpf_map__set_autocreate(s->maps.timeline_ring, c->timeline);
	keep_close(s->maps.rodata);
	keep_close(s->maps.data);
	bpf_program__set_autoload(s->progs.sched__switch, true);
	bpf_program__set_autoload(s->progs.sched__wakeup, wants_wakeups(c, f));
	bpf_program__set_autoload(s->progs.sched__wakeup_new, true);
	bpf_program__set_autoload(s->progs.sched__waking, c->timeline);
	bpf_program__set_autoload(s->progs.oncpu__tick, true);
	bpf_program__set_autoload(s->progs.edges__open, true);
	bpf_program__set_autoload(s->progs.edges__close, true);
	bpf_program__set_autoload(s->progs.edges__clock, !wants_wakeups(c, f));
	bpf_program__set_autoload(s->progs.edges__task, true);
	bpf_program__set_autoload(s->progs.edges__owners, c->user_stacks);
	bpf_program__set_autoload(s->progs.lifecycle__exec, true);
	bpf_program__set_autoload(s->progs.lifecycle__lose_memory, c->user_stacks);
	bpf_program__set_autoload(s->progs.lifecycle__fork, !c->system_wide);
	bpf_program__set_autoload(s->progs.lifecycle__add, !c->system_wide);
	bpf_program__set_autoload(s->progs.lifecycle__forget, c->user_stacks);
	bpf_program__set_autoload(s->progs.lifecycle__attach, cgroup_id != 0);
}

/* --- rings ---------------------------------------------------------------------------------------- */

struct ring {
	const char *name;
	uint32_t bytes;
	int fd; /* negative: it could not be made */
};

/*
 * The kernel fills a ring's pages with zeros when it makes it, which takes as long as all other maps
 * together: a thread makes them while the types are read. Where it cannot, libbpf is left to try it and to
 * say why.
 */
struct rings_ahead {
	struct ring rings[3];
	size_t count;
	pthread_t thread;
	bool has_thread;
};

static void *make_rings(void *context)
{
	struct rings_ahead *ahead = context;

	for (size_t i = 0; i < ahead->count; i++)
		ahead->rings[i].fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, ahead->rings[i].name, 0, 0,
						    ahead->rings[i].bytes, NULL);
	return NULL;
}

static void rings_ahead_start(struct rings_ahead *ahead, bool timeline)
{
	static const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	*ahead = (struct rings_ahead){ .rings = {
		{ "stack_ring", STACK_RING_BYTES, -1 },
		{ "thread_ring", THREAD_RING_BYTES, -1 },
		{ "timeline_ring", TIMELINE_RING_BYTES, -1 },
	} };
	ahead->count = timeline ? 3 : 2;
	/* libbpf does, where a kernel asks for it, but tells other threads so a moment before */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	ahead->has_thread = thread_start(&ahead->thread, make_rings, ahead);
}

static void rings_ahead_await(struct rings_ahead *ahead)
{
	if (ahead->has_thread)
		pthread_join(ahead->thread, NULL);
	ahead->has_thread = false;
}

/* The object's maps are these, or will be as large. */
static int rings_ahead_give(struct rings_ahead *ahead, const struct bpf_object *object)
{
	int r = 0;

	rings_ahead_await(ahead);
	for (size_t i = 0; !r && i < ahead->count; i++) {
		const struct ring *ring = &ahead->rings[i];
		struct bpf_map *map = bpf_object__find_map_by_name(object, ring->name);

		r = ring->fd < 0 ? bpf_map__set_max_entries(map, ring->bytes) :
				   bpf_map__reuse_fd(map, ring->fd);
	}
	return r;
}

static void rings_ahead_close(struct rings_ahead *ahead)
{
	rings_ahead_await(ahead);
	for (size_t i = 0; i < ahead->count; i++)
		if (ahead->rings[i].fd >= 0)
			close(ahead->rings[i].fd);
}

/* --- loading ------------------------------------------------------------------------------------- */

/* The first thing that is missing, in words, before libbpf meets it in its own. */
static int check_required(const struct features *features, struct err *err)
{
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		const struct feature *f = &features->rows[i];

		if (f->required && !f->ok)
			return err_set(err, EXIT_CODE_UNSUPPORTED, -EOPNOTSUPP, "%s: %s%s%s",
				       f->name, f->detail, f->remedy ? "; try: " : "",
				       f->remedy ? f->remedy : "");
	}
	return 0;
}

enum { TYPES_BYTES_MAX = 1 << 20 };

/*
 * A file that holds what libbpf is to know of the kernel's types, filled before it loads. Where there can
 * be none in memory it is the kernel's own, which takes longer to read.
 */
struct types_file {
	int fd; /* -1: the kernel's */
	char path[sizeof(KERNEL_BTF_PATH) + 16];
};

static void types_file_open(struct types_file *file)
{
	file->fd = memfd_create("scope_btf", MFD_CLOEXEC);
	if (file->fd >= 0 && ftruncate(file->fd, TYPES_BYTES_MAX)) {
		close(file->fd);
		file->fd = -1;
	}
	if (file->fd >= 0)
		snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	else
		snprintf(file->path, sizeof(file->path), KERNEL_BTF_PATH);
}

static int types_file_fill(const struct types_file *file, struct kernel_btf *btf)
{
	const void *cut;
	size_t bytes;
	void *to;

	if (file->fd < 0)
		return 0;
	cut = kernel_btf_cut(btf, &bytes);
	if (bytes > TYPES_BYTES_MAX)
		return -EFBIG;
	/* not by write(), which keeps to the limit on the size of files */
	to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (to == MAP_FAILED)
		return -errno;
	memcpy(to, cut, bytes);
	munmap(to, bytes);
	return ftruncate(file->fd, (off_t)bytes) ? -errno : 0;
}

static void types_file_close(const struct types_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
}

static int refuse(struct err *err, int r, const char *words)
{
	return err_set(err, EXIT_CODE_UNSUPPORTED, r,
		       "the kernel refuses the BPF programs: %s%s%s; see: systemscope doctor, or "
		       "this command with -vv",
		       strerror(-r), words[0] ? ": " : "", words);
}

/* The skeleton, and what is asked of the kernel first of all: its types, and what it can. */
static int open_skeleton(struct object *o, const struct types_file *types, struct kernel_btf *btf,
			 struct features *features, struct err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = types->path);
	int r;

	o->loader = loader_begin(chatty);
	o->skel = o->loader ? scope_bpf__open_opts(&opts) : NULL;
	if (!o->skel)
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot open the BPF object: %s",
			       strerror(errno));
	features_want(btf);
	loader_want(o->skel->obj, btf);
	r = kernel_btf_read(btf, KERNEL_BTF_PATH);
	features_probe(r ? NULL : btf, features);
	return check_required(features, err);
}

static int load(struct object *o, const struct types_file *types, struct kernel_btf *btf,
		struct rings_ahead *rings, struct err *err)
{
	/* what members are told by, and what looks for them */
	const struct bpf_program *first[] = { o->skel->progs.lifecycle__add,
					      o->skel->progs.edges__owners };
	int r = types_file_fill(types, btf);

	if (r)
		return err_set(err, EXIT_CODE_FAILURE, r, "cannot write to memory: %s",
			       strerror(-r));
	loader_know(o->loader, btf);
	r = rings_ahead_give(rings, o->skel->obj);
	if (!r)
		r = scope_bpf__load(o->skel);
	if (r)
		return refuse(err, r, last_words);
	loader_run(o->loader, first, ARRAY_SIZE(first));
	return 0;
}

int object_open(struct object *o, const struct config *config, uint64_t cgroup_id, struct err *err)
{
	_cleanup_(kernel_btf_free) struct kernel_btf *btf = kernel_btf_new();
	struct rings_ahead rings;
	struct types_file types;
	struct features features;
	int r;

	rings_ahead_start(&rings, config->timeline);
	types_file_open(&types);
	chatty = config->verbose > 1;
	last_words[0] = 0;
	libbpf_set_print(keep_words);
	r = open_skeleton(o, &types, btf, &features, err);
	if (!r) {
		set_constants(o->skel, config, &features, btf, cgroup_id);
		choose_maps_and_programs(o->skel, config, &features, cgroup_id);
		r = load(o, &types, btf, &rings, err);
	}
	types_file_close(&types);
	rings_ahead_close(&rings);
	return r;
}

int object_await(struct object *o, const struct bpf_program *program, struct err *err)
{
	const struct bpf_program *refused;
	int r = loader_await(o->loader, program, &refused);

	return r ? refuse(err, r, bpf_program__name(refused)) : 0;
}

void object_close(struct object *o)
{
	loader_end(&o->loader);
	scope_bpf__destroy(o->skel);
	o->skel = NULL;
}
