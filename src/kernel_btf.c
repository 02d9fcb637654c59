// SPDX-License-Identifier: MIT
#include "kernel_btf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

#define BYTES_MAX ((size_t)256 << 20) /* a kernel with everything in it has a tenth of that */

enum { BUCKETS = 1024, BEGINNINGS = 8192, KINDS = NR_BTF_KINDS };

struct wanted {
	char *name; /* without its suffix */
	size_t length;
	uint32_t next; /* of the same bucket, + 1; 0: none */
};

struct found {
	const char *name;
	uint32_t kind, id;
};

struct bytes {
	unsigned char *items;
	size_t count, room;
};

struct kernel_btf {
	ARRAY(struct wanted) wanted;
	uint32_t buckets[BUCKETS]; /* + 1; 0: none */
	bool begins[BEGINNINGS];   /* by beginning_of() a name that is wanted */
	ARRAY(struct found) found;
	unsigned char *bytes; /* the whole */
	size_t size;
	const unsigned char *types;
	const char *strings;
	uint32_t types_bytes, strings_bytes;
	ARRAY(uint32_t) offs;	 /* of types, by id; the first is none */
	uint32_t *cut_ids;	 /* by id; 0: left out */
	ARRAY(uint32_t) cut;	 /* ids, in the order of the cut */
	struct bytes out;	 /* header, types */
	struct bytes out_strings;
};

struct kernel_btf *kernel_btf_new(void)
{
	return mem_alloc(sizeof(struct kernel_btf));
}

void kernel_btf_free(struct kernel_btf **btf)
{
	struct kernel_btf *dead = *btf;

	if (!dead)
		return;
	for (size_t i = 0; i < dead->wanted.count; i++)
		free(dead->wanted.items[i].name);
	array_free(&dead->wanted);
	array_free(&dead->found);
	array_free(&dead->offs);
	array_free(&dead->cut);
	array_free(&dead->out);
	array_free(&dead->out_strings);
	free(dead->cut_ids);
	if (dead->bytes)
		munmap(dead->bytes, dead->size);
	free(dead);
	*btf = NULL;
}

/* --- what is wanted ------------------------------------------------------------------------------ */

/*
 * The kernel's names are many, and all but a few are told by what they begin with: four bytes, of
 * a shorter name what there is.
 */
static uint32_t beginning_of(const char *name)
{
	uint32_t bytes = 0;

	for (int i = 0; i < 4 && name[i]; i++)
		bytes |= (uint32_t)(unsigned char)name[i] << 8 * i;
	return bytes * 0x9e3779b1u >> 19;
}

/* A short name begins with its suffix, if it has one. */
static void begin_with(struct kernel_btf *btf, const char *name, size_t length)
{
	char suffixed[5];

	btf->begins[beginning_of(name)] = true;
	snprintf(suffixed, sizeof(suffixed), "%.*s___", (int)(length < 4 ? length : 4), name);
	btf->begins[beginning_of(suffixed)] = true;
}

static uint32_t *bucket_of(struct kernel_btf *btf, const char *name, size_t length)
{
	uint32_t h = 0;

	for (size_t i = 0; i < length; i++)
		h = h * 31 + (unsigned char)name[i];
	return &btf->buckets[(h ^ h >> 10) % BUCKETS];
}

static size_t essential_length(const char *name)
{
	const char *suffix = strstr(name, "___");

	return suffix && suffix != name ? (size_t)(suffix - name) : strlen(name);
}

static const struct wanted *find_wanted(struct kernel_btf *btf, const char *name)
{
	size_t length = essential_length(name);

	for (uint32_t i = *bucket_of(btf, name, length); i; i = btf->wanted.items[i - 1].next) {
		const struct wanted *wanted = &btf->wanted.items[i - 1];

		if (length == wanted->length && memcmp(name, wanted->name, length) == 0)
			return wanted;
	}
	return NULL;
}

void kernel_btf_want(struct kernel_btf *btf, const char *name)
{
	size_t length = essential_length(name);
	struct wanted *wanted;
	uint32_t *bucket;
	char *cut;

	if (!length)
		return;
	if (find_wanted(btf, name))
		return;
	cut = mem_copy_bytes(name, length);
	wanted = array_push(&btf->wanted);
	bucket = bucket_of(btf, cut, length);
	*wanted = (struct wanted){ .name = cut, .length = length, .next = *bucket };
	*bucket = (uint32_t)btf->wanted.count;
	begin_with(btf, cut, length);
}

/* --- the whole ------------------------------------------------------------------------------------ */

static const struct btf_type *type_at(const struct kernel_btf *btf, uint32_t off)
{
	return (const struct btf_type *)(const void *)(btf->types + off);
}

static const struct btf_type *type_of(const struct kernel_btf *btf, uint32_t id)
{
	return type_at(btf, btf->offs.items[id]);
}

static const char *name_at(const struct kernel_btf *btf, uint32_t off)
{
	return off < btf->strings_bytes ? btf->strings + off : "";
}

/* What follows a type: so many bytes, and so many for each of what it has. */
static const struct layout {
	bool is_known, is_named_for_us;
	unsigned char once, each;
} layouts[KINDS] = {
	[BTF_KIND_INT] = { true, false, 4, 0 },
	[BTF_KIND_PTR] = { true, false, 0, 0 },
	[BTF_KIND_ARRAY] = { true, false, sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { true, true, 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { true, true, 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { true, true, 0, sizeof(struct btf_enum) },
	[BTF_KIND_FWD] = { true, false, 0, 0 },
	[BTF_KIND_TYPEDEF] = { true, true, 0, 0 },
	[BTF_KIND_VOLATILE] = { true, false, 0, 0 },
	[BTF_KIND_CONST] = { true, false, 0, 0 },
	[BTF_KIND_RESTRICT] = { true, false, 0, 0 },
	[BTF_KIND_FUNC] = { true, true, 0, 0 },
	[BTF_KIND_FUNC_PROTO] = { true, false, 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { true, false, sizeof(struct btf_var), 0 },
	[BTF_KIND_DATASEC] = { true, false, 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_FLOAT] = { true, false, 0, 0 },
	[BTF_KIND_DECL_TAG] = { true, false, sizeof(struct btf_decl_tag), 0 },
	[BTF_KIND_TYPE_TAG] = { true, false, 0, 0 },
	[BTF_KIND_ENUM64] = { true, true, 0, sizeof(struct btf_enum64) },
};

/* The next type to have a number, if it is wanted. */
static void look_at(struct kernel_btf *btf, const struct btf_type *type, uint32_t kind)
{
	const char *name = name_at(btf, type->name_off);

	if (*name && btf->begins[beginning_of(name)] && find_wanted(btf, name))
		*array_push(&btf->found) = (struct found){ name, kind, (uint32_t)btf->offs.count };
}

/* Where each type is, and which are wanted. */
static int index_types(struct kernel_btf *btf)
{
	uint32_t off = 0;

	/* as many as there can be: of what is not used no memory is touched */
	btf->offs.items = array_grow(NULL, &btf->offs.room,
				     btf->types_bytes / sizeof(struct btf_type) + 1,
				     sizeof(*btf->offs.items));
	*array_push(&btf->offs) = 0;
	while (off < btf->types_bytes) {
		const struct btf_type *type = type_at(btf, off);
		uint32_t kind, bytes;
		const struct layout *layout;

		if (btf->types_bytes - off < sizeof(*type))
			return -EINVAL;
		kind = BTF_INFO_KIND(type->info);
		layout = &layouts[kind < KINDS ? kind : BTF_KIND_UNKN];
		bytes = (uint32_t)sizeof(*type) + layout->once +
			layout->each * BTF_INFO_VLEN(type->info);
		if (!layout->is_known || btf->types_bytes - off < bytes)
			return -EINVAL;
		if (layout->is_named_for_us)
			look_at(btf, type, kind);
		btf->offs.items[btf->offs.count++] = off;
		off += bytes;
	}
	return 0;
}

static int check_header(struct kernel_btf *btf)
{
	const struct btf_header *header = (const void *)btf->bytes;
	size_t body;

	if (btf->size < sizeof(*header) || header->magic != BTF_MAGIC ||
	    header->hdr_len < sizeof(*header) || header->hdr_len % 4 ||
	    header->hdr_len > btf->size)
		return -EINVAL;
	body = btf->size - header->hdr_len;
	if (header->type_off % 4 || header->type_off > body ||
	    header->type_len > body - header->type_off || header->str_off > body ||
	    header->str_len > body - header->str_off || !header->str_len)
		return -EINVAL;
	btf->types = btf->bytes + header->hdr_len + header->type_off;
	btf->types_bytes = header->type_len;
	btf->strings = (const char *)btf->bytes + header->hdr_len + header->str_off;
	btf->strings_bytes = header->str_len;
	return btf->strings[btf->strings_bytes - 1] ? -EINVAL : 0;
}

/* Kernels of before 6.16 have it read, a page at a time. */
static int copy_bytes(struct kernel_btf *btf, int fd)
{
	size_t have = 0;

	btf->bytes = mmap(NULL, btf->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (btf->bytes == MAP_FAILED) {
		btf->bytes = NULL;
		return -errno;
	}
	while (have < btf->size) {
		ssize_t n = read(fd, btf->bytes + have, btf->size - have);

		if (n <= 0)
			return n < 0 ? -errno : -EINVAL;
		have += (size_t)n;
	}
	return 0;
}

static int get_bytes(struct kernel_btf *btf, int fd)
{
	struct stat st;
	void *mapped;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size <= 0 || (size_t)st.st_size > BYTES_MAX)
		return -EINVAL;
	btf->size = (size_t)st.st_size;
	mapped = mmap(NULL, btf->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapped == MAP_FAILED)
		return copy_bytes(btf, fd);
	btf->bytes = mapped;
	return 0;
}

int kernel_btf_read(struct kernel_btf *btf, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = get_bytes(btf, fd);
	close(fd);
	if (!r)
		r = check_header(btf);
	return r ? r : index_types(btf);
}

uint32_t kernel_btf_id(const struct kernel_btf *btf, const char *name, uint32_t kind)
{
	for (size_t i = 0; i < btf->found.count; i++) {
		const struct found *found = &btf->found.items[i];

		if (found->kind == kind && strcmp(found->name, name) == 0)
			return found->id;
	}
	return 0;
}

bool kernel_btf_has_value(const struct kernel_btf *btf, const char *enumeration, const char *value)
{
	uint32_t id = kernel_btf_id(btf, enumeration, BTF_KIND_ENUM);
	const struct btf_type *type = id ? type_of(btf, id) : NULL;
	const struct btf_enum *values = (const void *)(type + 1);

	for (uint32_t i = 0; type && i < BTF_INFO_VLEN(type->info); i++)
		if (strcmp(name_at(btf, values[i].name_off), value) == 0)
			return true;
	return false;
}

/* --- the cut -------------------------------------------------------------------------------------- */

/* The number of a type in the cut; it is added if it is new. */
static uint32_t keep(struct kernel_btf *btf, uint32_t id)
{
	if (!id || id >= btf->offs.count)
		return 0; /* void */
	if (!btf->cut_ids[id]) {
		*array_push(&btf->cut) = id;
		btf->cut_ids[id] = (uint32_t)btf->cut.count;
	}
	return btf->cut_ids[id];
}

static void append(struct bytes *to, const void *bytes, size_t count)
{
	if (to->room - to->count < count)
		to->items = array_grow(to->items, &to->room, to->count + count, 1);
	memcpy(to->items + to->count, bytes, count);
	to->count += count;
}

static uint32_t add_name(struct kernel_btf *btf, uint32_t off)
{
	const char *name = name_at(btf, off);
	size_t at = btf->out_strings.count;

	if (!*name)
		return 0;
	append(&btf->out_strings, name, strlen(name) + 1);
	return (uint32_t)at;
}

static void add_members(struct kernel_btf *btf, const struct btf_type *type)
{
	const struct btf_member *members = (const void *)(type + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		struct btf_member member = members[i];

		member.name_off = add_name(btf, member.name_off);
		member.type = keep(btf, member.type);
		append(&btf->out, &member, sizeof(member));
	}
}

/* Of both widths; a value's name comes first. */
static void add_values(struct kernel_btf *btf, const struct btf_type *type, size_t size)
{
	const unsigned char *values = (const void *)(type + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		struct btf_enum64 value;

		memcpy(&value, values + i * size, size);
		value.name_off = add_name(btf, value.name_off);
		append(&btf->out, &value, size);
	}
}

static void add_array(struct kernel_btf *btf, const struct btf_type *type)
{
	struct btf_array array = *(const struct btf_array *)(const void *)(type + 1);

	array.type = keep(btf, array.type);
	array.index_type = keep(btf, array.index_type);
	append(&btf->out, &array, sizeof(array));
}

static void add_type(struct kernel_btf *btf, const struct btf_type *type)
{
	uint32_t kind = BTF_INFO_KIND(type->info);
	struct btf_type head = *type;

	head.name_off = add_name(btf, head.name_off);
	if (kind == BTF_KIND_PTR) {
		head.type = 0;
	} else if (kind == BTF_KIND_FUNC_PROTO) { /* by a typedef: nobody asks for its parameters */
		head.info = BTF_KIND_FUNC_PROTO << 24;
		head.type = 0;
	} else if (kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_CONST ||
		 kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG) {
		head.type = keep(btf, head.type);
	}
	append(&btf->out, &head, sizeof(head));
	if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION)
		add_members(btf, type);
	else if (kind == BTF_KIND_ENUM)
		add_values(btf, type, sizeof(struct btf_enum));
	else if (kind == BTF_KIND_ENUM64)
		add_values(btf, type, sizeof(struct btf_enum64));
	else if (kind == BTF_KIND_ARRAY)
		add_array(btf, type);
	else if (kind == BTF_KIND_INT)
		append(&btf->out, type + 1, sizeof(uint32_t));
}

const void *kernel_btf_cut(struct kernel_btf *btf, size_t *ret_bytes)
{
	struct btf_header header = { .magic = BTF_MAGIC, .version = BTF_VERSION,
				     .hdr_len = sizeof(header) };

	btf->cut_ids = mem_alloc_array(btf->offs.count, sizeof(*btf->cut_ids));
	*array_push(&btf->out_strings) = 0;
	append(&btf->out, &header, sizeof(header));
	for (size_t i = 0; i < btf->found.count; i++)
		if (btf->found.items[i].kind != BTF_KIND_FUNC)
			keep(btf, btf->found.items[i].id);
	for (size_t i = 0; i < btf->cut.count; i++) /* it grows meanwhile */
		add_type(btf, type_of(btf, btf->cut.items[i]));
	header.type_len = (uint32_t)(btf->out.count - sizeof(header));
	header.str_off = header.type_len;
	header.str_len = (uint32_t)btf->out_strings.count;
	memcpy(btf->out.items, &header, sizeof(header));
	append(&btf->out, btf->out_strings.items, btf->out_strings.count);
	*ret_bytes = btf->out.count;
	return btf->out.items;
}
