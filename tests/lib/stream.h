/* SPDX-License-Identifier: MIT */
/*
 * stream.h - record streams as text, for tests: tests/streams/FILE.stream, or a string in a test.
 *
 * One record a line, `type key=value key=value ...`; '#' begins a comment. The types and keys are
 * those of include/scope_event.h (tests/streams/README.md lists them). Two more lines say what no
 * record does: `config` (what was asked for) and `name` (what a symbol source would answer).
 *
 * The names and strings of the last stream that was loaded live until stream_unload().
 */
#ifndef STREAM_H
#define STREAM_H

#include "ingest.h"
#include "profile_build.h"

/*
 * Hands the stream's records to `ingest`, and fills *ret_config: `sources` answer with the stream's
 * names, `images` is NULL. 0, or -errno with a message on stderr that names the line.
 */
int stream_load(const char *path, struct ingest *ingest, struct profile_config *ret_config);
/* The same for text in memory; `name` stands for the path in messages. */
int stream_load_text(const char *name, const char *text, struct ingest *ingest,
		     struct profile_config *ret_config);
void stream_unload(void);

/* All the way from a file, or text, to a profile (profile_free()); NULL: failed, with a message. */
struct profile *stream_profile(const char *path);
struct profile *stream_profile_text(const char *text);

#endif
