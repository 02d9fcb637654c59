/* SPDX-License-Identifier: MIT */
/* One file of exporters/assets/ as read-only data: see exporters/asset.h. Built once a file. */
	.section .rodata.asset, "a"
	.global ASSET_NAME
	.type ASSET_NAME, @object
ASSET_NAME:
	.incbin ASSET_FILE
	.byte 0
	.size ASSET_NAME, . - ASSET_NAME

	.section .rodata.asset_sha256, "a"
	.global ASSET_SHA256_NAME
	.type ASSET_SHA256_NAME, @object
ASSET_SHA256_NAME:
	.asciz ASSET_SHA256
	.size ASSET_SHA256_NAME, . - ASSET_SHA256_NAME

	.section .note.GNU-stack, "", @progbits
