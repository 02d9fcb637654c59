// SPDX-License-Identifier: MIT
#include "loader.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "scope_maps.h"
#include "thread.h"

enum {
	WORKERS_MAX = 4,
	NAME_BYTES = 128,
	LOG_STATS = 4, /* BPF_LOG_STATS, include/linux/bpf_verifier.h */
	LOG_WORDS = 1, /* BPF_LOG_LEVEL1 */
	LOG_BYTES = 16 << 20, /* as much as 5.10 takes */
};

/* The kinds of program that there are: what stands for them in a section's name, and where they attach. */
static const struct kind {
	const char *section; /* as libbpf_register_prog_handler() wants it */
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const char *btf_prefix; /* of the type that tells the place; NULL: told when it is attached */
	uint32_t btf_kind;
} kinds[] = {
	{ "tp_btf+", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, "btf_trace_", BTF_KIND_TYPEDEF },
	{ "iter+", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "bpf_iter_", BTF_KIND_FUNC },
	{ "raw_tp+", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL, 0 },
	{ "perf_event+", BPF_PROG_TYPE_PERF_EVENT, 0, NULL, 0 },
};

/* The kernel's functions that programs call. A kernel that lacks one never gets there. */
static const struct call {
	int32_t stands_in;
	const char *name;
} calls[] = {
	{ SCOPE_CALL_PREEMPT_DISABLE, "bpf_preempt_disable" },
	{ SCOPE_CALL_PREEMPT_ENABLE, "bpf_preempt_enable" },
	{ SCOPE_CALL_RDONLY_CAST, "bpf_rdonly_cast" },
};

/* A program as libbpf would have loaded it; owns what it points to. */
struct job {
	const struct bpf_program *program;
	enum bpf_prog_type type;
	struct bpf_insn *code;
	size_t count;
	struct bpf_prog_load_opts opts;
	void *functions, *lines;
	bool taken, done;
	int error;
};

struct loader {
	int handlers[ARRAY_SIZE(kinds)]; /* libbpf's numbers; 0: none */
	bool tells;
	const struct kernel_btf *btf;
	ARRAY(struct job) jobs;
	pthread_t workers[WORKERS_MAX];
	size_t worker_count;

	pthread_mutex_t lock; /* of taken, done and error */
	pthread_cond_t changed;
	bool ends;
};

/* --- what libbpf would load --------------------------------------------------------------------- */

/* "sched_switch" of "tp_btf/sched_switch". */
static const char *place_of(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	return slash ? slash + 1 : "";
}

static const struct kind *kind_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(section, kinds[i].section, strlen(kinds[i].section) - 1) == 0)
			return &kinds[i];
	return NULL;
}

static void type_name(const struct kind *kind, const struct bpf_program *program,
		      char name[NAME_BYTES])
{
	snprintf(name, NAME_BYTES, "%s%s", kind->btf_prefix, place_of(program));
}

void loader_want(struct bpf_object *object, struct kernel_btf *btf)
{
	const struct btf *own = bpf_object__btf(object);
	struct bpf_program *program;
	char name[NAME_BYTES];

	/* each type that a program reads is described in the object as well */
	for (uint32_t id = 1; own && id < btf__type_cnt(own); id++) {
		const struct btf_type *type = btf__type_by_id(own, id);

		if (btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type))
			kernel_btf_want(btf, btf__name_by_offset(own, type->name_off));
	}
	bpf_object__for_each_program(program, object) {
		const struct kind *kind = kind_of(program);

		if (!kind || !kind->btf_prefix)
			continue;
		type_name(kind, program, name);
		kernel_btf_want(btf, name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		kernel_btf_want(btf, calls[i].name);
}

void loader_know(struct loader *loader, const struct kernel_btf *btf)
{
	loader->btf = btf;
}

static void put_in_call(const struct kernel_btf *btf, struct bpf_insn *insn)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t id = insn->imm != calls[i].stands_in ? 0 :
			      kernel_btf_id(btf, calls[i].name, BTF_KIND_FUNC);

		if (!id)
			continue;
		insn->src_reg = BPF_PSEUDO_KFUNC_CALL;
		insn->imm = (int32_t)id;
		return;
	}
}

static void put_in_calls(const struct kernel_btf *btf, struct bpf_insn *code, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code[i].code == (BPF_JMP | BPF_CALL) && !code[i].src_reg)
			put_in_call(btf, &code[i]);
}

static void *copy_records(const void *records, size_t size, size_t count)
{
	return count ? mem_copy_bytes(records, size * count) : NULL;
}

/*
 * libbpf calls this with a program that it is about to load: all is relocated. What it then loads is
 * two instructions, whose descriptor becomes that of the program.
 */
static int take(struct bpf_program *program, struct bpf_prog_load_opts *opts, long cookie)
{
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct loader *loader = (struct loader *)cookie;
	const struct kind *kind = kind_of(program);
	struct job *job = array_push(&loader->jobs);
	char name[NAME_BYTES];

	job->program = program;
	job->type = kind->type;
	job->count = bpf_program__insn_cnt(program);
	job->code = copy_records(bpf_program__insns(program), sizeof(*job->code), job->count);
	put_in_calls(loader->btf, job->code, job->count);
	job->functions = copy_records(opts->func_info, opts->func_info_rec_size, opts->func_info_cnt);
	job->lines = copy_records(opts->line_info, opts->line_info_rec_size, opts->line_info_cnt);
	job->opts = *opts;
	job->opts.func_info = job->functions;
	job->opts.line_info = job->lines;
	job->opts.fd_array = NULL; /* libbpf's; it names the maps by their descriptors */
	job->opts.expected_attach_type = kind->attach;
	job->opts.log_level = loader->tells ? LOG_STATS : 0;
	if (kind->btf_prefix) {
		type_name(kind, program, name);
		job->opts.attach_btf_id = kernel_btf_id(loader->btf, name, kind->btf_kind);
		if (!job->opts.attach_btf_id)
			return -ESRCH;
	}
	*opts = (struct bpf_prog_load_opts){ .sz = opts->sz };
	return bpf_program__set_insns(program, nothing, ARRAY_SIZE(nothing));
}

struct loader *loader_begin(bool tells)
{
	struct loader *loader = mem_alloc(sizeof(*loader));
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = take,
		    .cookie = (long)loader);

	loader->tells = tells;
	pthread_mutex_init(&loader->lock, NULL);
	pthread_cond_init(&loader->changed, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* of a type for which libbpf asks nothing of the kernel's types */
		int handler = libbpf_register_prog_handler(
			kinds[i].section, BPF_PROG_TYPE_RAW_TRACEPOINT, kinds[i].attach, &opts);

		if (handler < 0) {
			loader_end(&loader);
			return NULL;
		}
		loader->handlers[i] = handler;
	}
	return loader;
}

/* --- threads ------------------------------------------------------------------------------------ */

static int ask(struct job *job)
{
	return bpf_prog_load(job->type, bpf_program__name(job->program), "Dual MIT/GPL", job->code,
			     job->count, &job->opts);
}

/* How far the verifier went; why it refuses a program it says at length when nothing else is asked. */
static int ask_and_tell(struct job *job)
{
	_cleanup_free_ char *words = mem_alloc(LOG_BYTES);
	int fd;

	job->opts.log_buf = words;
	job->opts.log_size = LOG_BYTES;
	fd = ask(job);
	if (fd < 0) {
		job->opts.log_level = LOG_WORDS;
		fd = ask(job);
	}
	fprintf(stderr, "prog '%s': -- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n",
		bpf_program__name(job->program), words);
	return fd;
}

static void load(struct job *job)
{
	int fd = job->opts.log_level ? ask_and_tell(job) : ask(job);

	if (fd < 0) {
		job->error = fd;
		return;
	}
	if (dup3(fd, bpf_program__fd(job->program), O_CLOEXEC) < 0)
		job->error = -errno;
	close(fd);
}

static struct job *next_job(struct loader *loader)
{
	for (size_t i = 0; i < loader->jobs.count; i++) {
		struct job *job = &loader->jobs.items[i];

		if (!job->taken)
			return job;
	}
	return NULL;
}

static void *work(void *context)
{
	struct loader *loader = context;
	struct job *job;

	pthread_mutex_lock(&loader->lock);
	while (!loader->ends && (job = next_job(loader))) {
		job->taken = true;
		pthread_mutex_unlock(&loader->lock);
		load(job);
		pthread_mutex_lock(&loader->lock);
		job->done = true;
		pthread_cond_broadcast(&loader->changed);
	}
	pthread_mutex_unlock(&loader->lock);
	return NULL;
}

static int compare_lengths(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return x->count > y->count ? -1 : x->count < y->count;
}

/* Moves the job of a program, if it is to be loaded, to the front. */
static void put_first(struct job *jobs, size_t count, const struct bpf_program *program)
{
	for (size_t i = 0; i < count; i++) {
		struct job job = jobs[i];

		if (job.program != program)
			continue;
		memmove(jobs + 1, jobs, i * sizeof(job));
		jobs[0] = job;
		return;
	}
}

void loader_run(struct loader *loader, const struct bpf_program *const *first, size_t count)
{
	struct job *jobs = loader->jobs.items;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t workers = cpus < 1 ? 1 : cpus < WORKERS_MAX ? (size_t)cpus : WORKERS_MAX;

	qsort(jobs, loader->jobs.count, sizeof(*jobs), compare_lengths);
	for (size_t i = count; i--;)
		put_first(jobs, loader->jobs.count, first[i]);
	while (loader->worker_count < workers &&
	       thread_start(&loader->workers[loader->worker_count], work, loader))
		loader->worker_count++;
	if (!loader->worker_count)
		work(loader);
}

static bool is_waited_for(const struct job *job, const struct bpf_program *program)
{
	return !program || job->program == program;
}

int loader_await(struct loader *loader, const struct bpf_program *program,
		 const struct bpf_program **ret_refused)
{
	int error = 0;

	pthread_mutex_lock(&loader->lock);
	for (size_t i = 0; i < loader->jobs.count; i++) {
		const struct job *job = &loader->jobs.items[i];

		while (is_waited_for(job, program) && !job->done)
			pthread_cond_wait(&loader->changed, &loader->lock);
		if (is_waited_for(job, program) && job->error) {
			error = job->error;
			*ret_refused = job->program;
		}
	}
	pthread_mutex_unlock(&loader->lock);
	return error;
}

void loader_end(struct loader **loader)
{
	struct loader *dead = *loader;

	if (!dead)
		return;
	pthread_mutex_lock(&dead->lock);
	dead->ends = true;
	pthread_mutex_unlock(&dead->lock);
	for (size_t i = 0; i < dead->worker_count; i++)
		pthread_join(dead->workers[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (dead->handlers[i])
			libbpf_unregister_prog_handler(dead->handlers[i]);
	for (size_t i = 0; i < dead->jobs.count; i++) {
		free(dead->jobs.items[i].code);
		free(dead->jobs.items[i].functions);
		free(dead->jobs.items[i].lines);
	}
	array_free(&dead->jobs);
	pthread_cond_destroy(&dead->changed);
	pthread_mutex_destroy(&dead->lock);
	free(dead);
	*loader = NULL;
}
