// SPDX-License-Identifier: MIT
/* The cut of the kernel's types, as libbpf reads it, against the whole. */
#include <bpf/btf.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "kernel_btf.h"

struct made {
	struct btf *btf;
	int inner, outer, flavour, brief, value, trace, function;
};

/* struct outer { struct inner in[3]; struct other *pointer; const volatile int number; } and more. */
static void make(struct made *m)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int other, list, fixed, pointer, proto;

	m->btf = btf;
	other = btf__add_struct(btf, "other", 4);
	btf__add_field(btf, "unwanted", number, 0, 0);
	pointer = btf__add_ptr(btf, other);
	m->inner = btf__add_struct(btf, "inner", 8);
	btf__add_field(btf, "a", number, 0, 0);
	btf__add_field(btf, "b", number, 32, 5);
	list = btf__add_array(btf, number, m->inner, 3);
	fixed = btf__add_const(btf, btf__add_volatile(btf, number));
	m->outer = btf__add_struct(btf, "outer", 40);
	btf__add_field(btf, "in", list, 0, 0);
	btf__add_field(btf, "pointer", pointer, 192, 0);
	btf__add_field(btf, "number", fixed, 256, 0);
	m->flavour = btf__add_struct(btf, "outer___old", 4);
	btf__add_field(btf, "number", number, 0, 0);
	btf__add_struct(btf, "outermost", 0);
	m->brief = btf__add_struct(btf, "of___old", 0);
	m->value = btf__add_enum(btf, "kind", 4);
	btf__add_enum_value(btf, "KIND_ONE", 1);
	btf__add_enum_value(btf, "KIND_TWO", 2);
	proto = btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "task", pointer);
	m->trace = btf__add_typedef(btf, "btf_trace_it", btf__add_ptr(btf, proto));
	m->function = btf__add_func(btf, "it", BTF_FUNC_GLOBAL, proto);
	btf__add_typedef(btf, "call_t", proto);
}

/* Reads `bytes` of what was made; 0 or an error. */
static int read_part(struct kernel_btf *btf, const void *data, size_t bytes)
{
	int fd = memfd_create("btf", MFD_CLOEXEC), r;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(write(fd, data, bytes) == (ssize_t)bytes);
	r = kernel_btf_read(btf, path);
	close(fd);
	return r;
}

static struct btf *cut(struct kernel_btf *btf)
{
	size_t bytes;
	const void *data = kernel_btf_cut(btf, &bytes);
	struct btf *parsed = btf__new(data, (uint32_t)bytes);

	CHECK(parsed);
	return parsed;
}

static const struct btf_type *named(const struct btf *btf, const char *name, uint32_t kind)
{
	int id = btf__find_by_name_kind(btf, name, kind);

	return id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
}

static void what_is_wanted_is_there(void)
{
	struct kernel_btf *btf = kernel_btf_new();
	const struct btf_type *outer, *type;
	const struct btf_member *members;
	struct btf *parsed;
	struct made m;
	uint32_t bytes;
	const void *data;

	make(&m);
	data = btf__raw_data(m.btf, &bytes);
	kernel_btf_want(btf, "outer___mine");
	kernel_btf_want(btf, "of");
	kernel_btf_want(btf, "kind");
	kernel_btf_want(btf, "btf_trace_it");
	kernel_btf_want(btf, "it");
	kernel_btf_want(btf, "call_t");
	CHECK(!read_part(btf, data, bytes));
	CHECK(kernel_btf_id(btf, "outer", BTF_KIND_STRUCT) == (uint32_t)m.outer);
	CHECK(kernel_btf_id(btf, "outer___old", BTF_KIND_STRUCT) == (uint32_t)m.flavour);
	CHECK(kernel_btf_id(btf, "of___old", BTF_KIND_STRUCT) == (uint32_t)m.brief);
	CHECK(kernel_btf_id(btf, "btf_trace_it", BTF_KIND_TYPEDEF) == (uint32_t)m.trace);
	CHECK(kernel_btf_id(btf, "it", BTF_KIND_FUNC) == (uint32_t)m.function);
	CHECK(!kernel_btf_id(btf, "it", BTF_KIND_TYPEDEF));
	CHECK(!kernel_btf_id(btf, "inner", BTF_KIND_STRUCT)); /* was not wanted */
	CHECK(kernel_btf_has_value(btf, "kind", "KIND_TWO"));
	CHECK(!kernel_btf_has_value(btf, "kind", "KIND_THREE"));
	CHECK(!kernel_btf_has_value(btf, "outer", "KIND_TWO"));

	parsed = cut(btf);
	outer = named(parsed, "outer", BTF_KIND_STRUCT);
	CHECK(outer && outer->size == 40 && btf_vlen(outer) == 3);
	members = btf_members(outer);
	CHECK(btf__resolve_size(parsed, members[0].type) == 24);
	CHECK_TEXT(btf__name_by_offset(parsed, members[2].name_off), "number");
	CHECK(btf_member_bit_offset(outer, 2) == 256);
	type = btf__type_by_id(parsed, members[1].type);
	CHECK(btf_is_ptr(type) && !type->type);
	type = named(parsed, "inner", BTF_KIND_STRUCT);
	CHECK(type && btf_member_bit_offset(type, 1) == 32);
	CHECK(named(parsed, "outer___old", BTF_KIND_STRUCT));
	CHECK(!named(parsed, "outermost", BTF_KIND_STRUCT));
	CHECK(!named(parsed, "other", BTF_KIND_STRUCT));
	CHECK(btf_vlen(named(parsed, "kind", BTF_KIND_ENUM)) == 2);
	btf__free(parsed);
	kernel_btf_free(&btf);
	btf__free(m.btf);
}

static void cut_off_anywhere(void)
{
	struct made m;
	uint32_t bytes;
	const char *data;

	make(&m);
	data = btf__raw_data(m.btf, &bytes);
	for (uint32_t have = 0; have <= bytes; have++) {
		struct kernel_btf *btf = kernel_btf_new();
		int r;

		kernel_btf_want(btf, "outer");
		r = read_part(btf, data, have);
		CHECK(have < bytes ? r < 0 : !r);
		kernel_btf_free(&btf);
	}
	btf__free(m.btf);
}

static void damaged_anywhere(void)
{
	struct made m;
	uint32_t bytes;
	const char *data;
	char *copy;

	make(&m);
	data = btf__raw_data(m.btf, &bytes);
	copy = malloc(bytes);
	for (uint32_t i = 0; i < bytes; i++) {
		struct kernel_btf *btf = kernel_btf_new();
		size_t size;

		memcpy(copy, data, bytes);
		copy[i] = (char)(copy[i] ^ 0x41);
		kernel_btf_want(btf, "outer");
		kernel_btf_want(btf, "kind");
		if (!read_part(btf, copy, bytes)) {
			kernel_btf_has_value(btf, "kind", "KIND_TWO");
			kernel_btf_cut(btf, &size);
		}
		kernel_btf_free(&btf);
	}
	free(copy);
	btf__free(m.btf);
}

/* Each member of a type where the whole has it, down to what lies in it. */
static void compare(const struct btf *whole, const struct btf *part, uint32_t whole_id, uint32_t part_id,
		    unsigned int depth)
{
	const struct btf_type *x = btf__type_by_id(whole, whole_id);
	const struct btf_type *y = btf__type_by_id(part, part_id);

	CHECK(btf_kind(x) == btf_kind(y));
	if (btf_is_ptr(x) || btf_is_func_proto(x) || depth > 6)
		return;
	CHECK(btf_vlen(x) == btf_vlen(y));
	CHECK_TEXT(btf__name_by_offset(part, y->name_off), btf__name_by_offset(whole, x->name_off));
	if (btf_is_composite(x)) {
		CHECK(x->size == y->size);
		for (int i = 0; i < btf_vlen(x); i++) {
			const struct btf_member *a = btf_members(x) + i, *b = btf_members(y) + i;

			CHECK(a->offset == b->offset);
			CHECK_TEXT(btf__name_by_offset(part, b->name_off),
				   btf__name_by_offset(whole, a->name_off));
			compare(whole, part, a->type, b->type, depth + 1);
		}
	} else if (btf_is_array(x)) {
		CHECK(btf_array(x)->nelems == btf_array(y)->nelems);
		compare(whole, part, btf_array(x)->type, btf_array(y)->type, depth + 1);
	} else if (btf_is_mod(x) || btf_is_typedef(x)) {
		if (x->type)
			compare(whole, part, x->type, y->type, depth + 1);
		else
			CHECK(!y->type);
	}
}

static void this_kernels_types(void)
{
	static const char *const names[] = { "task_struct", "mm_struct", "cgroup", "bpf_map_type",
					     "pt_regs", "file", "inode" };
	struct btf *whole = btf__parse_raw(KERNEL_BTF_PATH), *part;
	struct kernel_btf *btf = kernel_btf_new();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		kernel_btf_want(btf, names[i]);
	CHECK(!kernel_btf_read(btf, KERNEL_BTF_PATH));
	part = cut(btf);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int whole_id = btf__find_by_name(whole, names[i]);
		int part_id = btf__find_by_name(part, names[i]);

		CHECK(whole_id > 0 && part_id > 0);
		compare(whole, part, (uint32_t)whole_id, (uint32_t)part_id, 0);
	}
	btf__free(part);
	btf__free(whole);
	kernel_btf_free(&btf);
}

int main(void)
{
	CHECK_CASE(what_is_wanted_is_there);
	CHECK_CASE(cut_off_anywhere);
	CHECK_CASE(damaged_anywhere);
	if (access(KERNEL_BTF_PATH, R_OK))
		check_skip("this_kernels_types", "no " KERNEL_BTF_PATH);
	else
		CHECK_CASE(this_kernels_types);
	return check_status();
}
