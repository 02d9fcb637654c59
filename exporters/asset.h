/* SPDX-License-Identifier: MIT */
/*
 * asset.h - the text files of exporters/assets/, which are part of the program.
 *
 * exporters/assets/html_view.js is the string asset_html_view_js: its bytes as they are, and a NUL.
 * asset_html_view_js_sha256 is the SHA-256 of these bytes in base64, as a content security policy
 * names a script or a style that it lets in. Both are constant and nobody's to free.
 *
 * To use a file, put it there and say ASSET(html_view_js) where it is used. The Makefile finds new
 * ones by itself.
 */
#ifndef ASSET_H
#define ASSET_H

#define ASSET(name) extern const char asset_##name[], asset_##name##_sha256[]

#endif
