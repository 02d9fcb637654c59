// SPDX-License-Identifier: MIT
/* Unwind tables of ELF files: real ones against elfutils, hand-made and broken ones. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "cfi_oracle.h"
#include "check.h"
#include "unwind_table.h"

/* --- real files against elfutils --------------------------------------------------------------- */

struct comparison {
	struct oracle oracle;
	struct unwind_rules *rules;
	struct unwind_table table;
	Elf64_Phdr segment;
	const char *path;
	size_t rows, none, gaps;
};

/* Less than this between functions is padding, which goes by the rule before it. */
#define PADDING_MAX 16

static bool is_padding(struct comparison *c, uint64_t vaddr)
{
	uint64_t start, end;

	for (uint64_t back = 1; back < PADDING_MAX; back++) {
		Dwarf_Frame *frame = oracle_frame(&c->oracle, vaddr - back, &start, &end);

		free(frame);
		if (frame)
			return true;
	}
	return false;
}

static void compare_at(struct comparison *c, Dwarf_Frame *frame, uint64_t vaddr)
{
	uint64_t file_off = vaddr - c->segment.p_vaddr + c->segment.p_offset;
	const struct scope_unwind_rule *rule = unwind_table_find(&c->table, c->rules, file_off);
	struct oracle_caller have = oracle_caller_by_rule(rule, vaddr), want;

	if (have.kind == ORACLE_NONE) {
		c->none++;
		return;
	}
	want = oracle_caller(frame, vaddr);
	if (!oracle_agrees(&have, &want))
		check_fail(__FILE__, __LINE__,
			   "%s at %#" PRIx64 ": cfa %u bp %u ra %u reg %u %d %d %d %d; kind %d, not %d",
			   c->path, vaddr, rule->cfa, rule->bp, rule->ra, rule->reg, rule->cfa_off,
			   rule->bp_off, rule->ra_off, rule->add, have.kind, want.kind);
}

static void compare_gap(struct comparison *c, uint64_t vaddr)
{
	uint64_t file_off = vaddr - c->segment.p_vaddr + c->segment.p_offset;
	const struct scope_unwind_rule *rule = unwind_table_find(&c->table, c->rules, file_off);

	c->gaps++;
	if (rule->cfa != SCOPE_CFA_NONE && rule->cfa != SCOPE_CFA_SIGNAL && !is_padding(c, vaddr))
		check_fail(__FILE__, __LINE__, "%s: a rule at %#" PRIx64 ", of which nothing is said",
			   c->path, vaddr);
}

/* Every row of elfutils', at its first, second and last byte. */
static void compare_segment(struct comparison *c)
{
	uint64_t vaddr = c->segment.p_vaddr, end = vaddr + c->segment.p_filesz;

	while (vaddr < end) {
		uint64_t row_start, row_end;
		Dwarf_Frame *frame = oracle_frame(&c->oracle, vaddr, &row_start, &row_end);

		if (!frame) {
			compare_gap(c, vaddr++);
			continue;
		}
		c->rows++;
		compare_at(c, frame, vaddr);
		if (vaddr + 1 < row_end)
			compare_at(c, frame, vaddr + 1);
		compare_at(c, frame, row_end - 1);
		free(frame);
		vaddr = row_end;
	}
}

static void compare_file(const char *path)
{
	struct comparison c = { .path = path, .rules = unwind_rules_new() };
	struct stat st;
	size_t phdrs;

	CHECK(oracle_open(&c.oracle, path));
	CHECK(c.oracle.fd >= 0 && fstat(c.oracle.fd, &st) == 0);
	CHECK_INT(unwind_table_build(c.oracle.fd, (uint64_t)st.st_size, c.rules, &c.table), 0);
	if (elf_getphdrnum(c.oracle.elf, &phdrs) != 0 || !c.table.elements)
		phdrs = 0;
	for (size_t i = 0; i < phdrs; i++) {
		GElf_Phdr phdr;

		if (gelf_getphdr(c.oracle.elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    phdr.p_flags & PF_X) {
			c.segment = phdr;
			compare_segment(&c);
		}
	}
	CHECK(c.rows > 0);
	/* Of a thousand rows hardly one. */
	CHECK(c.none <= c.rows * 3 / 1000 + 3);
	CHECK_INT(c.table.pages_dropped, 0);
	printf("# %s: %zu rows of elfutils', %zu checks without a rule, %zu bytes of which nothing "
	       "is said\n",
	       path, c.rows, c.none, c.gaps);
	unwind_table_free(&c.table);
	unwind_rules_free(&c.rules);
	oracle_close(&c.oracle);
}

static const char *compared_path;

static void compare_one(void)
{
	compare_file(compared_path);
}

static void compare_files(void)
{
	static const char *const files[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",	 "/lib64/ld-linux-x86-64.so.2",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
		"/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", "/usr/lib/x86_64-linux-gnu/libgcrypt.so.20",
		"/usr/lib/x86_64-linux-gnu/libffi.so.8", "/usr/bin/python3",
		"/proc/self/exe",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *name = strrchr(files[i], '/') + 1;
		char label[128];

		snprintf(label, sizeof(label), "agrees_with_elfutils_%s", name);
		compared_path = files[i];
		if (access(files[i], R_OK) == 0)
			check_case(label, compare_one);
		else
			check_skip(label, "it is not there");
	}
}

int main(void)
{
	compare_files();
	return check_status();
}
