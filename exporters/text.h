/* SPDX-License-Identifier: MIT */
/*
 * text.h - names and quantities as text, for exporters and for the summary.
 *
 * Names come from the target: any byte but NUL may occur in them. Nothing here passes on a byte
 * that could end a line, steer a terminal or break a reader of UTF-8:
 *  - a byte that is not part of valid UTF-8 becomes U+FFFD;
 *  - a control character (C0, DEL, C1) becomes '?', or its escape in JSON;
 *  - in XML, the two characters that it has no way to write (U+FFFE, U+FFFF) become U+FFFD.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "scope_time.h"

/* For a person to read. An empty name becomes '?'. */
void text_write_name(FILE *out, const char *name);

/* The same for a line of folded stacks: a ';' in the name becomes ':'. */
void text_write_folded(FILE *out, const char *name);

/* A JSON string, quotes included. */
void text_write_json(FILE *out, const char *name);

/* The same within a <script> of a page: without '<', no name ends the script or begins a comment. */
void text_write_script_json(FILE *out, const char *name);

/* For XML 1.0, as text or within an attribute's quotes of either kind. */
void text_write_xml(FILE *out, const char *name);

/* In decimal. Exports write millions of them, and fprintf() takes five times as long. */
void text_write_number(FILE *out, uint64_t value);

/*
 * 0, or -errno of the write that failed. To be asked right after writing, while errno is that
 * write's; and in time: a full disk or a closed pipe should not wait for the last line.
 */
int text_check(FILE *out);
int text_flush(FILE *out); /* the same, with nothing left in the buffer */

/* A quantity, ready to be printed: `printf("%s", text_duration(ns).bytes)`. */
struct text_quantity {
	char bytes[32];
};

struct text_quantity text_duration(nsec_t ns);	     /* "0 ns", "12.3 ms", "30.0 s", "2 h 05 min" */
struct text_quantity text_size(uint64_t size_bytes); /* "0 B", "18.2 MiB" */
/* "18.4 %". 0 % and 100 % only when exact, "<0.1 %" and ">99.9 %" when nearly; "-" of nothing. */
struct text_quantity text_share(uint64_t part, uint64_t whole);

#endif
