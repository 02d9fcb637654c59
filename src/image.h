/* SPDX-License-Identifier: MIT */
/*
 * image.h - the only opener of target files.
 *
 * An image is one mapped file (or [kernel], [vdso]). A file is known by device and inode alone, so
 * that one mapped by 300 processes under several names is one image. images_get() pins it: the file
 * is opened at first sight (through /proc/PID/root, so that other mount namespaces are seen), and
 * only if device and inode, and the inode's generation where it is told, still match the mapping; the
 * descriptor stays open until images_free(), so that a file deleted later still names. While it is
 * open its inode cannot be given to another file. Where the name no longer leads to the file,
 * /proc/PID/map_files does, while PID lives.
 *
 * A file that could not be had is tried again when another process turns out to map it.
 *
 * What a file names in turn (debug information) is looked for in the root directory that its
 * process sees, with image_open_named() of src/image_open.h.
 *
 * Everything else gets the descriptor, never the path. Bytes in it are hostile: read with pread,
 * never mapped (the target can truncate the file).
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scope_event.h"

/* A root directory that is not ours, or in another mount namespace: a container's. */
struct image_root;

enum image_kind {
	IMAGE_FILE,
	IMAGE_KERNEL,
	IMAGE_VDSO,
	IMAGE_ANONYMOUS,
	IMAGE_JITDUMP, /* a file, mapped for its name alone */
	IMAGE_JIT,     /* not mapped: what names one process's code made at run time, by address */
};

struct image_segment { /* an executable PT_LOAD */
	uint64_t file_off, file_size, vaddr;
};

struct image {
	enum image_kind kind;
	const char *path; /* as first seen mapped; never NULL */
	int fd;		  /* -1: not to be had; see `why`. IMAGE_KERNEL: /proc/kallsyms */
	const char *why;  /* NULL, or in words why there is no file: "deleted", "changed", ... */
	uint64_t size;	  /* of the file, bytes; 0 for the kernel */
	const struct image_segment *segments;
	size_t segment_count;
	const char *build_id; /* lower-case hexadecimal, or NULL */
	/* Of the process that it was found for; NULL: the same as ours. Lives as long as images. */
	const struct image_root *root;
	const struct image *dump; /* IMAGE_JIT: its jitdump, or NULL; `fd` is of its perf map */
};

struct images;

struct images *images_new(void);
void images_free(struct images **images); /* takes NULL */

/*
 * The image for a mapping of process `pid`. Never fails: an image that cannot be opened has fd -1.
 * A mapping that does not tell the generation is of the last file of that inode that was seen.
 * `path` as in the mapping record, "" for anonymous memory. The result lives as long as `images`.
 */
const struct image *images_get(struct images *images, uint32_t pid, const struct scope_file *file,
			       const char *path);
const struct image *images_kernel(struct images *images);
/*
 * What names the code that process `pid` made at run time: IMAGE_JIT. To be asked when all is over,
 * since such files grow. Never NULL; `why` may also say what part of the file is not read.
 */
const struct image *images_jit(struct images *images, uint32_t pid);

/*
 * Does this /proc/kallsyms tell addresses? Without privilege every one reads as zero
 * (kernel.kptr_restrict). Per-CPU symbols at its head are small numbers anyway, so it looks on for
 * a while for an address of the kernel's half. Reads from the file's start.
 */
bool image_kallsyms_tells(int fd);

/* A file offset as an address in the ELF file's own address space; false if in no segment. */
bool image_file_off_to_vaddr(const struct image *image, uint64_t file_off, uint64_t *ret_vaddr);

#endif
