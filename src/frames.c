// SPDX-License-Identifier: MIT
#include "frames.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image_jit.h"
#include "namer.h"
#include "symbolize.h"

/* A file that could not be had is asked for again on behalf of so many processes that mapped it. */
#define FILE_TRIES 16

/* Where an address is, before it has a name. */
struct frame_site {
	uint32_t source;      /* 0: in no image */
	uint32_t kind;	      /* enum site_kind */
	uint64_t file_off;    /* SITE_FILE: as mapped; else the address */
	uint64_t vaddr;	      /* of the image; set by frames_resolve() */
	size_t first_frame;   /* in site_frames */
	uint32_t frame_count; /* 0: not named yet */
	bool before_sigreturn;
};

#define SITES_MASK (UINT32_MAX >> 2) /* there is no memory for more */
#define INSTANCE_KERNEL (PROCS_NONE - 1) /* of kernel stacks, which are of no process's */

enum site_kind { SITE_UNMAPPED, SITE_FILE, SITE_ANONYMOUS, SITE_KERNEL };

struct site_key {
	uint32_t source, kind;
	uint64_t file_off;
};

struct frame_key {
	uint64_t offset;
	uint32_t name, image, file, line;
	uint32_t kind, flags;
};

static uint32_t add_image(struct frames *f, const char *path, const char *build_id)
{
	struct profile_image *to = array_push(&f->images);

	to->path = strings_add(f->strings, path);
	to->build_id = strings_add(f->strings, build_id ? build_id : "");
	return (uint32_t)f->images.count - 1;
}

void frames_init(struct frames *f, const struct ingest *ingest, const struct profile_config *config,
		 struct strings *strings)
{
	memset(f, 0, sizeof(*f));
	f->ingest = ingest;
	f->config = config;
	f->strings = strings;
	table_init(&f->table, sizeof(struct frame_key));
	table_init(&f->site_table, sizeof(struct site_key));
	table_init(&f->source_table, sizeof(void *));
	table_init(&f->jit_table, sizeof(uint32_t));
	f->stacks = mem_alloc_array(ingest->stack_data.count, sizeof(*f->stacks));
	f->addresses = mem_alloc_array(ingest->addresses.count, sizeof(*f->addresses));
	f->settled_ns = mem_alloc_array(ingest->procs.instances.count, sizeof(*f->settled_ns));
	f->files = mem_alloc_array(ingest->procs.files.count, sizeof(*f->files));
	array_push(&f->frames);
	array_push(&f->sources);
	add_image(f, "", NULL);
}

void frames_seal(struct frames *f)
{
	array_free(&f->site_refs);
	free(f->stacks);
	free(f->addresses);
	f->stacks = NULL;
	f->addresses = NULL;
}

void frames_free(struct frames *f)
{
	frames_seal(f);
	for (size_t i = 0; i < f->own.count; i++) {
		free((void *)f->own.items[i]->path);
		free(f->own.items[i]);
	}
	array_free(&f->own);
	table_free(&f->table);
	table_free(&f->site_table);
	table_free(&f->source_table);
	table_free(&f->jit_table);
	array_free(&f->frames);
	array_free(&f->images);
	array_free(&f->sites);
	array_free(&f->site_frames);
	array_free(&f->sources);
	array_free(&f->jits);
	free(f->settled_ns);
	free(f->files);
}

static uint32_t find_stack(const struct frames *f, uint64_t id)
{
	uint32_t stack;

	if (!id)
		return STACK_NONE;
	stack = table_find(&f->ingest->stacks, &id);
	return stack == TABLE_NONE ? STACK_LOST : stack;
}

struct stack_pair frames_find_pair(const struct frames *f, uint64_t ustack, uint64_t kstack)
{
	return (struct stack_pair){ find_stack(f, ustack), find_stack(f, kstack) };
}

void frames_want(struct frames *f, struct stack_pair pair)
{
	if (pair.user < STACK_LOST)
		f->stacks[pair.user].wanted = true;
	if (pair.kernel < STACK_LOST)
		f->stacks[pair.kernel].wanted = true;
}

/* --- frames ----------------------------------------------------------------------------------- */

static uint32_t add_frame(struct frames *f, const struct profile_frame *frame)
{
	struct frame_key key = {
		.offset = frame->offset,
		.name = frame->name,
		.image = frame->image,
		.file = frame->file,
		.line = frame->line,
		.kind = frame->kind,
		.flags = (frame->named ? 1u : 0) | (frame->inlined ? 2u : 0),
	};
	bool is_new;
	uint32_t id = table_add(&f->table, &key, &is_new) + 1;

	if (is_new)
		*array_push(&f->frames) = *frame;
	return id;
}

uint32_t frames_add_label(struct frames *f, const char *text)
{
	struct profile_frame frame = {
		.name = strings_add(f->strings, text),
		.kind = FRAME_LABEL,
	};

	return add_frame(f, &frame);
}

/* --- images ----------------------------------------------------------------------------------- */

static const struct image *make_image(struct frames *f, enum image_kind kind, const char *path)
{
	struct image *image = mem_alloc(sizeof(*image));

	image->kind = kind;
	image->path = mem_copy_string(path);
	image->fd = -1;
	*array_push(&f->own) = image;
	return image;
}

static const struct image *image_of_file(struct frames *f, uint32_t file, uint32_t pid)
{
	const struct proc_file *p = procs_file(&f->ingest->procs, file);
	const char *path = procs_string(&f->ingest->procs, p->path);
	struct frame_file *have = &f->files[file];

	if (have->image && (have->image->fd >= 0 || have->pid == pid || have->tries >= FILE_TRIES))
		return have->image;
	have->pid = pid;
	have->tries++;
	if (f->config->images)
		have->image = images_get(f->config->images, pid, &p->id, path);
	else if (!have->image)
		have->image = make_image(f,
					 !*path			       ? IMAGE_ANONYMOUS
					 : strcmp(path, "[vdso]") == 0 ? IMAGE_VDSO
								       : IMAGE_FILE,
					 path);
	return have->image;
}

static uint32_t add_source(struct frames *f, const struct image *image)
{
	bool is_new;
	uint32_t id = table_add(&f->source_table, &image, &is_new) + 1;
	struct frame_source *source;

	if (!is_new)
		return id;
	source = array_push(&f->sources);
	source->image = image;
	if (image->kind != IMAGE_JIT)
		source->shown = add_image(f, image->path, image->build_id);
	return id;
}

/* The profile's image of a source that has named something. */
static uint32_t shown_image(struct frames *f, uint32_t source)
{
	if (f->sources.items[source].shown)
		return f->sources.items[source].shown;
	if (!f->jit_image)
		f->jit_image = add_image(f, "[jit]", NULL);
	return f->jit_image;
}

static const struct image *find_jit(struct frames *f, uint32_t pid)
{
	_cleanup_free_ char *path = NULL;

	if (f->config->images)
		return images_jit(f->config->images, pid);
	path = mem_format("/tmp/perf-%u.map", pid);
	return make_image(f, IMAGE_JIT, path);
}

/* What names the code that a process made, or 0. */
static uint32_t jit_source(struct frames *f, uint32_t instance)
{
	const struct proc_instance *process = &f->ingest->procs.instances.items[instance];
	struct frame_jit *jit;
	bool is_new;
	uint32_t id = table_add(&f->jit_table, &instance, &is_new);

	if (!is_new)
		return f->jits.items[id].source;
	jit = array_push(&f->jits);
	/* of a number that was used again, the files are the last one's */
	if (process->last_ns == ~(nsec_t)0)
		jit->image = find_jit(f, process->pid);
	if (jit->image && (jit->image->fd >= 0 || jit->image->dump || !f->config->images))
		jit->source = add_source(f, jit->image);
	return jit->source;
}

/* --- places ----------------------------------------------------------------------------------- */

/* What a signal handler returns to (x86-64): mov $15, %rax; syscall. */
static bool is_sigreturn(const struct image *image, uint64_t file_off)
{
	static const unsigned char code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	unsigned char found[sizeof(code)];

	return image->fd >= 0 && file_off < image->size &&
	       pread(image->fd, found, sizeof(found), (off_t)file_off) == (ssize_t)sizeof(found) &&
	       memcmp(found, code, sizeof(code)) == 0;
}

static uint32_t add_site(struct frames *f, enum site_kind kind, uint32_t source, uint64_t file_off)
{
	struct site_key key = { .source = source, .kind = kind, .file_off = file_off };
	struct frame_site *site;
	bool is_new;
	uint32_t id = table_add(&f->site_table, &key, &is_new);

	if (is_new) {
		site = array_push(&f->sites);
		site->source = source;
		site->kind = kind;
		site->file_off = file_off;
		if (kind == SITE_FILE)
			site->before_sigreturn =
				is_sigreturn(f->sources.items[source].image, file_off + 1);
	}
	return id;
}

static uint32_t place_user(struct frames *f, const struct ingest_stack *stack, uint32_t instance,
			   uint64_t address)
{
	const struct proc_map *map = NULL;
	const struct image *image;
	uint32_t source, jit;

	if (instance != PROCS_NONE)
		map = procs_find_map(&f->ingest->procs, instance, stack->time_ns, address);
	if (!map)
		return add_site(f, SITE_UNMAPPED, 0, 0);
	image = image_of_file(f, map->file, stack->pid);
	source = add_source(f, image);
	jit = image_jit_is_memory(image) ? jit_source(f, instance) : 0;
	if (jit || image->kind == IMAGE_ANONYMOUS)
		return add_site(f, SITE_ANONYMOUS, jit ? jit : source, address);
	return add_site(f, SITE_FILE, source, address - map->start + map->file_off);
}

/*
 * A return address is looked up where its call is. That of a signal's handler has none: the kernel
 * makes it the first address of the code to return to, and what is before that is another function.
 */
static uint32_t place_caller(struct frames *f, const struct ingest_stack *stack, uint32_t instance,
			     uint64_t ip)
{
	uint32_t site = place_user(f, stack, instance, ip - 1);

	return f->sites.items[site].before_sigreturn ? place_user(f, stack, instance, ip) : site;
}

/* Where the i-th address of a stack is, the leaf's being the 0th. */
static uint32_t place(struct frames *f, const struct ingest_stack *stack, uint32_t instance, uint32_t i,
		      uint64_t ip)
{
	if (stack->kind == SCOPE_STACK_KERNEL)
		return add_site(f, SITE_KERNEL, add_source(f, f->kernel), ip - (i ? 1 : 0));
	return i ? place_caller(f, stack, instance, ip) : place_user(f, stack, instance, ip);
}

/* Is an address the same place in all stacks of this instance that were taken as late as this one? */
static bool is_settled(struct frames *f, const struct ingest_stack *stack, uint32_t instance)
{
	nsec_t *settled_ns;

	if (instance >= INSTANCE_KERNEL)
		return true;
	settled_ns = &f->settled_ns[instance];
	if (!*settled_ns)
		*settled_ns = procs_settled_ns(&f->ingest->procs, instance) + 1;
	return stack->time_ns + 1 >= *settled_ns;
}

/* The callers' sites are kept with their addresses, which stacks share. False: others have them there. */
static bool place_by_address(struct frames *f, const struct ingest_stack *stack, uint32_t instance)
{
	uint32_t at = stack->leaf, id = at;

	if (!is_settled(f, stack, instance))
		return false;
	for (uint32_t i = 0; i < stack->count; i++, id = at) {
		struct frame_address *address = &f->addresses[id];
		uint64_t ip = ingest_address(f->ingest, id, &at);

		if (!i)
			continue;
		if (!address->site)
			*address = (struct frame_address){ place(f, stack, instance, i, ip) + 1,
							   instance };
		if (address->instance != instance)
			return false;
	}
	return true;
}

static void place_stack(struct frames *f, uint32_t index)
{
	const struct ingest_stack *stack = &f->ingest->stack_data.items[index];
	struct frame_stack *placed = &f->stacks[index];
	uint32_t instance = INSTANCE_KERNEL, at;

	if (stack->kind == SCOPE_STACK_USER)
		instance = procs_find(&f->ingest->procs, stack->pid, stack->time_ns);
	if (!stack->count)
		return;
	placed->site = place(f, stack, instance, 0, ingest_address(f->ingest, stack->leaf, &at)) &
		       SITES_MASK;
	placed->by_address = place_by_address(f, stack, instance);
	if (placed->by_address)
		return;
	placed->site = (uint32_t)f->site_refs.count & SITES_MASK;
	at = stack->leaf;
	for (uint32_t i = 0; i < stack->count; i++)
		*array_push(&f->site_refs) =
			place(f, stack, instance, i, ingest_address(f->ingest, at, &at));
}

/* --- names ------------------------------------------------------------------------------------ */

/* The sites of one source with the same vaddr: one question to the symbols. */
struct place {
	uint32_t source, site;
	uint64_t vaddr;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *s = a, *t = b;

	if (s->source != t->source)
		return s->source < t->source ? -1 : 1;
	if (s->vaddr != t->vaddr)
		return s->vaddr < t->vaddr ? -1 : 1;
	return (s->site > t->site) - (s->site < t->site);
}

struct batch {
	struct frames *frames;
	const struct place *places;
	const size_t *first; /* by index in the batch: where in places */
};

static void take_names(void *context, size_t index, const struct symbol *names, size_t count)
{
	const struct batch *batch = context;
	struct frames *f = batch->frames;
	struct frame_site *site = &f->sites.items[batch->places[batch->first[index]].site];

	if (!names[0].name)
		return;
	site->first_frame = f->site_frames.count;
	site->frame_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		struct profile_frame frame = {
			.name = strings_add(f->strings, names[i].name),
			.image = shown_image(f, site->source),
			.offset = site->vaddr,
			.file = strings_add(f->strings, names[i].file ? names[i].file : ""),
			.line = names[i].line,
			.kind = site->kind == SITE_KERNEL ? FRAME_KERNEL : FRAME_USER,
			.named = true,
			.inlined = names[i].inlined,
		};

		/* an empty name would be no string: rather the address */
		if (!frame.name) {
			site->frame_count = 0;
			return;
		}
		*array_push(&f->site_frames) = add_frame(f, &frame);
	}
}

static void name_from(struct frames *f, const struct place *places, size_t count)
{
	_cleanup_free_ uint64_t *vaddrs = mem_alloc_array(count, sizeof(*vaddrs));
	_cleanup_free_ size_t *first = mem_alloc_array(count, sizeof(*first));
	const struct image *image = f->sources.items[places->source].image;
	struct batch batch = { .frames = f, .places = places, .first = first };
	size_t unique = 0;

	for (size_t i = 0; i < count; i++) {
		if (i && places[i].vaddr == places[i - 1].vaddr)
			continue;
		first[unique] = i;
		vaddrs[unique++] = places[i].vaddr;
	}
	if (f->config->namer)
		namer_resolve(f->config->namer, image, vaddrs, unique, take_names, &batch);
	else
		symbolize_batch(image, vaddrs, unique, &f->config->symbols, take_names, &batch);
	for (size_t i = 1; i < count; i++) {
		struct frame_site *site = &f->sites.items[places[i].site];
		const struct frame_site *before = &f->sites.items[places[i - 1].site];

		if (places[i].vaddr != places[i - 1].vaddr)
			continue;
		site->first_frame = before->first_frame;
		site->frame_count = before->frame_count;
	}
}

static void name_as_address(struct frames *f, struct frame_site *site)
{
	uint32_t shown = f->sources.items[site->source].shown;
	struct profile_frame frame = { .image = shown, .offset = site->vaddr };
	const char *path = strings_get(f->strings, f->images.items[shown].path);
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *text = NULL;

	frame.kind = site->kind == SITE_KERNEL ? FRAME_KERNEL : FRAME_USER;
	switch (site->kind) {
	case SITE_UNMAPPED:
	case SITE_ANONYMOUS:
		/* these addresses mean nothing to another run: all of them are one frame */
		frame.image = 0;
		frame.offset = 0;
		text = mem_copy_string(
			label_table[site->kind == SITE_UNMAPPED ? LABEL_UNMAPPED : LABEL_ANONYMOUS]
				.name);
		break;
	default:
		text = mem_format("%s+0x%llx", slash && slash[1] ? slash + 1 : path,
				  (unsigned long long)site->vaddr);
		break;
	}
	frame.name = strings_add(f->strings, text);
	site->first_frame = f->site_frames.count;
	site->frame_count = 1;
	*array_push(&f->site_frames) = add_frame(f, &frame);
	if (site->kind == SITE_ANONYMOUS)
		f->anonymous = f->site_frames.items[site->first_frame];
}

static void name_sites(struct frames *f)
{
	struct place *places = mem_alloc_array(f->sites.count, sizeof(*places));
	size_t count = 0;

	for (size_t i = 0; i < f->sites.count; i++) {
		struct frame_site *site = &f->sites.items[i];

		site->vaddr = site->file_off;
		if (site->kind == SITE_FILE)
			image_file_off_to_vaddr(f->sources.items[site->source].image,
						site->file_off, &site->vaddr);
		if (site->source)
			places[count++] = (struct place){ .source = site->source,
							  .site = (uint32_t)i,
							  .vaddr = site->vaddr };
	}
	qsort(places, count, sizeof(*places), compare_places);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from; to < count && places[to].source == places[from].source;)
			to++;
		name_from(f, places + from, to - from);
	}
	free(places);
	for (size_t i = 0; i < f->sites.count; i++)
		if (!f->sites.items[i].frame_count)
			name_as_address(f, &f->sites.items[i]);
}

void frames_resolve(struct frames *f)
{
	f->kernel = f->config->images ? images_kernel(f->config->images)
				      : make_image(f, IMAGE_KERNEL, "[kernel]");
	for (size_t i = 0; i < f->ingest->stack_data.count; i++)
		if (f->stacks[i].wanted)
			place_stack(f, (uint32_t)i);
	name_sites(f);
}

void frames_of_stack(const struct frames *f, uint32_t index, struct frame_ids *ids)
{
	const struct ingest_stack *stack = &f->ingest->stack_data.items[index];
	const struct frame_stack *placed = &f->stacks[index];
	uint32_t at = stack->leaf;

	ids->count = 0;
	for (uint32_t i = 0; i < stack->count; i++) {
		const struct frame_site *site;
		uint32_t id = at;

		ingest_address(f->ingest, id, &at);
		site = &f->sites.items[!placed->by_address ? f->site_refs.items[placed->site + i]
				       : i		   ? f->addresses[id].site - 1
							   : placed->site];
		for (uint32_t n = 0; n < site->frame_count; n++)
			*array_push(ids) = f->site_frames.items[site->first_frame + n];
	}
}
