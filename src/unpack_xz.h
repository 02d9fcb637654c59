/* SPDX-License-Identifier: MIT */
/* unpack_xz.h - what is packed by xz in a file of a target: hostile, and perhaps a bomb. */
#ifndef UNPACK_XZ_H
#define UNPACK_XZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * One stream, unpacked; free(). NULL: not whole, or it comes to more than 256 MiB or 4096 times its
 * size, or asks for more than 128 MiB to unpack it.
 */
uint8_t *unpack_xz(const uint8_t *packed, size_t packed_size, size_t *ret_size);

#endif
