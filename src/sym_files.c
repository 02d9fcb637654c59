// SPDX-License-Identifier: MIT
#include "sym_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "debuginfod.h"
#include "image_open.h"
#include "mem.h"
#include "sym_proof.h"
#include "unpack_xz.h"

/* Bytes of sections that hold a path and an id. */
#define LINK_MAX_BYTES 8192
/* Of .gnu_debugdata; what distributions ship has some 100 KB. */
#define PACKED_MAX ((uint64_t)64 << 20)

/* A file that is looked for once. */
struct slot {
	bool tried;
	struct elf_file elf; /* of size 0: there is none */
	char *path;	     /* without links, seen from `root`: what it names is beside it */
	const struct image_root *root;
	char *refusal; /* why what was found in its place is not used, in words, or NULL */
};

enum { SLOT_MAIN, SLOT_DEBUG, SLOT_MINIDEBUG, SLOT_PACKAGE, SLOT_MAIN_ALT, SLOT_DEBUG_ALT, SLOTS };

struct sym_files {
	const struct image *image;
	struct debuginfod *debuginfod; /* NULL: not to be asked */
	struct build_id id; /* the image's */
	struct slot slots[SLOTS];
	char *why;
};

static const char *debug_root = "/usr/lib/debug";

void sym_files_set_debug_root(const char *path)
{
	debug_root = path ? path : "/usr/lib/debug";
}

/* `hex` has room for 2 * BUILD_ID_MAX + 1. False: the id is too short to be one. */
static bool build_id_hex(const struct build_id *id, char *hex)
{
	for (size_t i = 0; i < id->count; i++)
		snprintf(hex + 2 * i, 3, "%02x", id->bytes[i]);
	return id->count >= 2;
}

/* Below the debug directory; NULL: none. */
static char *build_id_path(const struct build_id *id)
{
	char hex[2 * BUILD_ID_MAX + 1];

	if (!build_id_hex(id, hex))
		return NULL;
	return mem_format("%s/.build-id/%.2s/%s.debug", debug_root, hex, hex + 2);
}

/* --- what is found must prove that it is the one ---------------------------------------------- */

static bool is_image(const struct image *image, int fd)
{
	struct stat ours, other;

	return image->fd >= 0 && fstat(image->fd, &ours) == 0 && fstat(fd, &other) == 0 &&
	       ours.st_dev == other.st_dev && ours.st_ino == other.st_ino;
}

/* NULL: there is nothing, which needs no words. */
static const char *words_for(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return "may not be read";
	case -EMFILE:
	case -ENFILE:
		return "cannot be opened: too many open files";
	case -ENOEXEC:
		return "is not a 64-bit ELF file";
	case -EFBIG:
		return "is larger than 16 GiB";
	default:
		return NULL;
	}
}

/* Takes `fd` if it is the one. 0, or -errno and *ret_refusal. */
static int take(const struct sym_files *files, struct slot *slot, int fd, uint64_t size,
		const struct sym_proof *proof, const char **ret_refusal)
{
	struct elf_file elf = { .fd = -1 };
	int error;

	if (is_image(files->image, fd))
		return -ENOENT;
	error = elf_file_open(fd, size, &elf);
	if (error)
		return error;
	*ret_refusal = sym_proof_refuse(proof, &elf);
	if (*ret_refusal) {
		elf_file_close(&elf);
		return -ENOENT;
	}
	slot->elf = elf;
	return 0;
}

/* Opens `path` (freed; may be NULL) if it is the one. 0 or -errno. */
static int try_path(const struct sym_files *files, struct slot *slot, const struct image_root *root,
		    char *path, const struct sym_proof *proof)
{
	_cleanup_free_ char *owned = path;
	_cleanup_(image_close_fd) int fd = -1;
	const char *refusal = NULL;
	uint64_t size;
	int error;

	if (!path)
		return -ENOENT;
	error = image_open_named(root, path, &fd, &size);
	if (!error)
		error = take(files, slot, fd, size, proof, &refusal);
	if (!error) {
		slot->path = image_real_path(root, fd);
		slot->root = root;
		if (!slot->path) {
			slot->path = owned;
			owned = NULL;
		}
		fd = -1; /* the slot's */
		return 0;
	}
	if (!refusal)
		refusal = words_for(error);
	if (refusal && !slot->refusal)
		slot->refusal = mem_format("%s %s", path, refusal);
	return error;
}

/* The same path in our root, then in the image's process's. */
static int try_both_roots(const struct sym_files *files, struct slot *slot, const char *path,
			  const struct sym_proof *proof)
{
	const struct image_root *root = files->image->root;
	int error = try_path(files, slot, NULL, mem_copy_string(path), proof);

	if (error && root)
		error = try_path(files, slot, root, mem_copy_string(path), proof);
	return error;
}

static int try_build_id(const struct sym_files *files, struct slot *slot, const struct build_id *id)
{
	_cleanup_free_ char *path = build_id_path(id);

	if (!path)
		return -ENOENT;
	return try_both_roots(files, slot, path, &(struct sym_proof){ .id = id });
}

/* Where it is not on this machine, and servers may be asked. */
static void try_debuginfod(const struct sym_files *files, struct slot *slot,
			   const struct build_id *id)
{
	char hex[2 * BUILD_ID_MAX + 1];
	const char *path, *why;

	if (!files->debuginfod || slot->elf.size || !build_id_hex(id, hex))
		return;
	path = debuginfod_find(files->debuginfod, hex, &why);
	if (path)
		try_path(files, slot, NULL, mem_copy_string(path), &(struct sym_proof){ .id = id });
	else if (!slot->refusal)
		slot->refusal = mem_copy_string(why);
}

/* --- paths ------------------------------------------------------------------------------------ */

/* Of the directory, the slash included; 0: it has none. */
static int directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash - path + 1) : 0;
}

/* `name` as seen from the directory of `path`; NULL: that is no path (the vdso). */
static char *beside(const char *path, const char *name)
{
	if (name[0] == '/')
		return mem_copy_string(name);
	if (path[0] != '/')
		return NULL;
	return mem_format("%.*s%s", directory_length(path), path, name);
}

/* --- the files -------------------------------------------------------------------------------- */

struct sym_files *sym_files_open(const struct image *image)
{
	struct sym_files *files = mem_alloc(sizeof(*files));

	files->image = image;
	build_id_parse(image->build_id, &files->id);
	for (int i = 0; i < SLOTS; i++)
		files->slots[i].elf.fd = -1;
	return files;
}

static void slot_close(struct slot *slot, bool owns_fd)
{
	void *memory = (void *)slot->elf.memory;

	if (owns_fd)
		image_close_fd(&slot->elf.fd);
	elf_file_close(&slot->elf);
	free(memory);
	free(slot->path);
	free(slot->refusal);
}

void sym_files_close(struct sym_files **files)
{
	struct sym_files *dead = *files;

	if (!dead)
		return;
	for (int i = 0; i < SLOTS; i++)
		slot_close(&dead->slots[i], i != SLOT_MAIN);
	free(dead->why);
	free(dead);
	*files = NULL;
}

void sym_files_use_debuginfod(struct sym_files *files, struct debuginfod *debuginfod)
{
	files->debuginfod = debuginfod;
}

const struct image *sym_files_image(const struct sym_files *files)
{
	return files->image;
}

/* The slot, if this is the first time. */
static struct slot *first_time(struct sym_files *files, int which)
{
	struct slot *slot = &files->slots[which];

	if (slot->tried)
		return NULL;
	slot->tried = true;
	return slot;
}

static const struct elf_file *answer(const struct sym_files *files, int which)
{
	const struct slot *slot = &files->slots[which];

	return slot->elf.size ? &slot->elf : NULL;
}

static bool is_file(const struct image *image)
{
	return image->kind == IMAGE_FILE || image->kind == IMAGE_VDSO;
}

const struct elf_file *sym_files_main(struct sym_files *files)
{
	struct slot *slot = first_time(files, SLOT_MAIN);
	const struct image *image = files->image;

	if (slot && image->fd >= 0 && is_file(image)) {
		elf_file_open(image->fd, image->size, &slot->elf);
		slot->path = mem_copy_string(image->path);
		slot->root = image->root;
	}
	return answer(files, SLOT_MAIN);
}

static bool has_debug_info(const struct elf_file *elf)
{
	return elf_file_section(elf, ".debug_info") || elf_file_section(elf, ".zdebug_info");
}

/* .gnu_debuglink: a name, NUL, zeros to a multiple of 4, a CRC. Beside the image, in .debug/ there,
 * and at the same place below the debug directory. */
static void find_by_link(struct sym_files *files, struct slot *slot, const struct elf_file *main)
{
	struct sym_proof proof = { .id = &files->id, .by_crc = true };
	const struct image_root *root = files->image->root;
	const char *path = files->image->path;
	_cleanup_free_ char *name = NULL, *hidden = NULL;
	size_t size, crc_at;

	name = (char *)elf_file_load_section(main, ".gnu_debuglink", LINK_MAX_BYTES, &size);
	if (!name)
		return;
	crc_at = (strnlen(name, size) + 4) & ~(size_t)3;
	if (crc_at + sizeof(proof.crc) > size || !name[0])
		return;
	memcpy(&proof.crc, name + crc_at, sizeof(proof.crc));
	if (strchr(name, '/')) {
		if (!slot->refusal)
			slot->refusal = mem_copy_string(".gnu_debuglink holds a path");
		return;
	}
	hidden = mem_format(".debug/%s", name);
	if (path[0] == '/' && try_path(files, slot, root, beside(path, name), &proof) &&
	    try_path(files, slot, root, beside(path, hidden), &proof))
		try_path(files, slot, slot->root,
			 mem_format("%s%.*s%s", debug_root, directory_length(path), path, name),
			 &proof);
}

const struct elf_file *sym_files_debug(struct sym_files *files)
{
	struct slot *slot = first_time(files, SLOT_DEBUG);
	const struct elf_file *main = sym_files_main(files);

	if (slot && main && !has_debug_info(main)) {
		if (try_build_id(files, slot, &files->id))
			find_by_link(files, slot, main);
		try_debuginfod(files, slot, &files->id);
	}
	return answer(files, SLOT_DEBUG);
}

const struct elf_file *sym_files_minidebug(struct sym_files *files)
{
	struct slot *slot = first_time(files, SLOT_MINIDEBUG);
	const struct elf_file *main = sym_files_main(files);
	_cleanup_free_ uint8_t *packed = NULL;
	uint8_t *bytes;
	size_t size;

	if (!slot || !main)
		return answer(files, SLOT_MINIDEBUG);
	packed = elf_file_load_section(main, ".gnu_debugdata", PACKED_MAX, &size);
	bytes = packed ? unpack_xz(packed, size, &size) : NULL;
	if (bytes && elf_file_open_memory(bytes, size, &slot->elf))
		free(bytes);
	return answer(files, SLOT_MINIDEBUG);
}

/* .gnu_debugaltlink: a path, NUL, a build-id. */
static void find_alternate(struct sym_files *files, struct slot *slot, const struct slot *of)
{
	_cleanup_free_ char *name = NULL, *common = NULL;
	struct build_id id = { 0 };
	struct sym_proof proof = { .id = &id };
	const char *dwz;
	size_t size, length;

	name = (char *)elf_file_load_section(&of->elf, ".gnu_debugaltlink", LINK_MAX_BYTES, &size);
	if (!name)
		return;
	length = strnlen(name, size);
	if (!length || length + 1 >= size || size - length - 1 > BUILD_ID_MAX)
		return;
	id.count = size - length - 1;
	memcpy(id.bytes, name + length + 1, id.count);
	if (try_path(files, slot, of->root, beside(of->path, name), &proof) == 0)
		return;
	/* The debug files may have been moved here without what they have in common. */
	dwz = strstr(name, "/.dwz/");
	if (dwz) {
		common = mem_format("%s%s", debug_root, dwz);
		if (try_both_roots(files, slot, common, &proof) == 0)
			return;
	}
	if (try_build_id(files, slot, &id))
		try_debuginfod(files, slot, &id);
}

const struct elf_file *sym_files_alternate(struct sym_files *files, const struct elf_file *of)
{
	int from = of == &files->slots[SLOT_DEBUG].elf ? SLOT_DEBUG : SLOT_MAIN;
	int which = from == SLOT_DEBUG ? SLOT_DEBUG_ALT : SLOT_MAIN_ALT;
	struct slot *slot;

	if (!of || of != answer(files, from))
		return NULL;
	slot = first_time(files, which);
	if (slot)
		find_alternate(files, slot, &files->slots[from]);
	return answer(files, which);
}

const struct elf_file *sym_files_package(struct sym_files *files)
{
	static const int owners[] = { SLOT_MAIN, SLOT_DEBUG };
	struct slot *slot = first_time(files, SLOT_PACKAGE);

	if (!slot)
		return answer(files, SLOT_PACKAGE);
	sym_files_debug(files);
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		const struct slot *owner = &files->slots[owners[i]];

		if (answer(files, owners[i]) &&
		    try_path(files, slot, owner->root, mem_format("%s.dwp", owner->path),
			     &(struct sym_proof){ 0 }) == 0)
			break;
	}
	return answer(files, SLOT_PACKAGE);
}

int sym_files_split(struct sym_files *files, const char *directory, const char *name,
		    struct elf_file *ret_file)
{
	const struct image *image = files->image;
	_cleanup_free_ char *below = NULL;
	struct slot slot = { .elf.fd = -1 };
	struct sym_proof none = { 0 };
	int error = -ENOENT;

	if (directory && directory[0] && name[0] != '/') {
		below = mem_format("%s/%s", directory, name);
		error = try_path(files, &slot, image->root, beside(image->path, below), &none);
	}
	if (error)
		error = try_path(files, &slot, image->root, beside(image->path, name), &none);
	if (!error)
		*ret_file = slot.elf;
	free(slot.path);
	free(slot.refusal);
	return error;
}

void sym_files_close_split(struct elf_file *file)
{
	image_close_fd(&file->fd);
	elf_file_close(file);
}

/* --- what is missing, in words ---------------------------------------------------------------- */

const char *sym_files_why(struct sym_files *files)
{
	const struct image *image = files->image;
	const struct elf_file *main = sym_files_main(files);
	const char *refusal, *stripped = "stripped";

	if (files->why || image->fd < 0 || !is_file(image))
		return files->why;
	if (!main)
		return "not a 64-bit ELF file: only its own symbols are read";
	if (has_debug_info(main) || elf_file_section(main, ".symtab") || sym_files_debug(files))
		return NULL;
	if (elf_file_section(main, ".gnu_debugdata"))
		stripped = "stripped to the symbols in .gnu_debugdata";
	refusal = files->slots[SLOT_DEBUG].refusal;
	files->why = mem_format("%s; no debug file%s%s%s%s", stripped,
				files->id.count ? "" : ", and no build-id", refusal ? " (" : "",
				refusal ? refusal : "", refusal ? ")" : "");
	return files->why;
}

char *sym_files_place(const struct sym_files *files)
{
	return build_id_path(&files->id);
}
