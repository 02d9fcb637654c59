// SPDX-License-Identifier: MIT
/*
 * Unwind tables of real files, row by row against elfutils; and with bytes of theirs broken. With
 * arguments: compares those files.
 */
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>

#include "cfi_oracle.h"
#include "elf_made.h"

/* --- real files against elfutils -------------------------------------------------------------- */

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
			   "%s at %#" PRIx64
			   ": cfa %u bp %u ra %u reg %u %d %d %d %d; kind %d, not %d",
			   c->path, vaddr, rule->cfa, rule->bp, rule->ra, rule->reg, rule->cfa_off,
			   rule->bp_off, rule->ra_off, rule->add, have.kind, want.kind);
}

/* Of what a process begins with nothing needs to be said. */
static bool is_entry(struct comparison *c, uint64_t vaddr)
{
	GElf_Ehdr ehdr;

	return gelf_getehdr(c->oracle.elf, &ehdr) && ehdr.e_entry && vaddr - ehdr.e_entry < 64;
}

static void compare_gap(struct comparison *c, uint64_t vaddr)
{
	uint64_t file_off = vaddr - c->segment.p_vaddr + c->segment.p_offset;
	const struct scope_unwind_rule *rule = unwind_table_find(&c->table, c->rules, file_off);

	c->gaps++;
	if (rule->cfa == SCOPE_CFA_END && is_entry(c, vaddr))
		return;
	if (rule->cfa != SCOPE_CFA_NONE && rule->cfa != SCOPE_CFA_SIGNAL && !is_padding(c, vaddr))
		check_fail(__FILE__, __LINE__,
			   "%s: a rule at %#" PRIx64 ", of which nothing is said", c->path, vaddr);
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
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/lib64/ld-linux-x86-64.so.2",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
		"/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
		"/usr/lib/x86_64-linux-gnu/libgcc_s.so.1",
		"/usr/lib/x86_64-linux-gnu/libgcrypt.so.20",
		"/usr/lib/x86_64-linux-gnu/libffi.so.8",
		"/usr/bin/python3",
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

/* --- the vdso --------------------------------------------------------------------------------- */

static void vdso(void)
{
	const Elf64_Ehdr *ehdr = (const void *)getauxval(AT_SYSINFO_EHDR);
	size_t bytes = ehdr->e_shoff + (size_t)ehdr->e_shnum * ehdr->e_shentsize;
	struct comparison c = { .path = "[vdso]", .rules = unwind_rules_new() };
	void *copy = malloc(bytes);

	/* A copy of just the size, so that the sanitizer sees a read beyond. */
	memcpy(copy, ehdr, bytes);
	CHECK_INT(unwind_table_build_memory(copy, bytes, c.rules, &c.table), 0);
	CHECK(oracle_open_memory(&c.oracle, copy, bytes));
	for (size_t i = 0; i < ehdr->e_phnum; i++) {
		GElf_Phdr phdr;

		if (gelf_getphdr(c.oracle.elf, (int)i, &phdr) && phdr.p_type == PT_LOAD)
			c.segment = phdr;
	}
	if (c.table.elements)
		compare_segment(&c);
	CHECK(c.rows > 5);
	CHECK_INT(c.none, 0);
	unwind_table_free(&c.table);
	unwind_rules_free(&c.rules);
	oracle_close(&c.oracle);
	free(copy);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Where a real file's .eh_frame is; the file, to be freed. */
static uint8_t *load_real(size_t *ret_size, size_t *ret_off, size_t *ret_bytes)
{
	struct oracle o;
	Elf_Scn *section = NULL;
	size_t names;
	uint8_t *bytes;
	struct stat st;

	*ret_bytes = 0;
	if (!oracle_open(&o, "/proc/self/exe") || fstat(o.fd, &st) ||
	    elf_getshdrstrndx(o.elf, &names))
		return NULL;
	while ((section = elf_nextscn(o.elf, section))) {
		GElf_Shdr shdr;

		if (gelf_getshdr(section, &shdr) &&
		    strcmp(elf_strptr(o.elf, names, shdr.sh_name), ".eh_frame") == 0) {
			*ret_off = shdr.sh_offset;
			*ret_bytes = shdr.sh_size;
		}
	}
	*ret_size = (size_t)st.st_size;
	bytes = malloc(*ret_size);
	CHECK(pread(o.fd, bytes, *ret_size, 0) == (ssize_t)*ret_size);
	oracle_close(&o);
	return bytes;
}

/* Ten thousand times a few bytes of a real file's .eh_frame are others. */
static void mutated_real_file(void)
{
	size_t size = 0, off = 0, bytes = 0, built = 0;
	uint8_t *real = load_real(&size, &off, &bytes);
	struct unwind_rules *rules = unwind_rules_new();
	double whole_ms, worst_ms = 0;
	struct unwind_table table = { 0 };

	CHECK(real && bytes > 4096);
	whole_ms = now_ms();
	CHECK(real && unwind_table_build_memory(real, size, rules, &table) == 0);
	whole_ms = now_ms() - whole_ms;
	unwind_table_free(&table);
	random_state = 3;
	for (int round = 0; round < 10000 && real && bytes; round++) {
		uint32_t at[8], changes = 1 + draw(8);
		uint8_t old[8];
		double ms;

		for (uint32_t i = 0; i < changes; i++) {
			/* Half of them where the entries begin, before which nothing is read. */
			at[i] = draw(draw(2) ? (uint32_t)bytes : 256);
			old[i] = real[off + at[i]];
			real[off + at[i]] =
				draw(3) ? (uint8_t)draw(256) : (uint8_t)(0xff * draw(2));
		}
		ms = now_ms();
		if (unwind_table_build_memory(real, size, rules, &table) == 0)
			built++;
		ms = now_ms() - ms;
		if (ms > worst_ms)
			worst_ms = ms;
		table_is_sound(&table, rules);
		unwind_table_free(&table);
		while (changes--)
			real[off + at[changes]] = old[changes];
	}
	CHECK(built > 5000);
	CHECK(worst_ms < 20 * whole_ms + 200);
	printf("# a build took %.2f ms, the worst of broken ones %.2f ms; %zu of 10000 made a "
	       "table\n",
	       whole_ms, worst_ms, built);
	unwind_rules_free(&rules);
	free(real);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		compared_path = argv[i];
		check_case(argv[i], compare_one);
	}
	if (argc > 1)
		return check_status();
	CHECK_CASE(mutated_real_file);
	CHECK_CASE(vdso);
	compare_files();
	return check_status();
}
