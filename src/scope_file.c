// SPDX-License-Identifier: MIT
#include "scope_file.h"

#include <errno.h>

#include "losses.h"
#include "profile_build.h"
#include "scope_file_parts.h"

struct reader {
	struct scope_chunks chunks;
	struct scope_rows rows;
	struct profile *profile;
	struct profile told;
	bool has_head;
	ARRAY(char) text;	/* of the text that is being read */
	char *version, *target; /* NULL: not read yet */
};

static void reader_init(struct reader *r, FILE *in)
{
	*r = (struct reader){ 0 };
	scope_chunks_init(&r->chunks, in);
	r->profile = mem_alloc(sizeof(*r->profile));
	r->rows.profile = r->profile;
	r->rows.told = &r->told;
	scope_rows_add_string(&r->rows, mem_copy_string(""));
}

static void reader_free(struct reader *r)
{
	scope_chunks_free(&r->chunks);
	array_free(&r->rows.depths);
	array_free(&r->text);
	free(r->version);
	free(r->target);
	profile_free(&r->profile);
}

/* --- head and text ---------------------------------------------------------------------------- */

static bool read_losses(struct cursor *content, struct profile *profile)
{
	uint64_t causes = cursor_uleb(content);

	for (; causes && !content->bad; causes--) {
		const char *key = (const char *)content->at;
		size_t length = strnlen(key, cursor_left(content)), cause = 0;

		if (length == cursor_left(content))
			return false;
		cursor_skip(content, length + 1);
		while (cause < SCOPE_LOSS_COUNT && strcmp(loss_table[cause].key, key) != 0)
			cause++;
		if (cause == SCOPE_LOSS_COUNT)
			return false;
		profile->losses[cause].count = cursor_uleb(content);
		profile->losses[cause].ns = cursor_uleb(content);
	}
	return !content->bad && content->at == content->end;
}

/* The profile takes over all but the counts, which grow as rows come. */
static bool read_head(struct reader *r, struct cursor *content)
{
	struct profile *told = &r->told, *p = r->profile;

	if (!scope_rows_read_head(&r->rows, content, told) || !read_losses(content, told))
		return false;
	p->start_realtime_ns = told->start_realtime_ns;
	p->start_mono_ns = told->start_mono_ns;
	p->window_ns = told->window_ns;
	p->frequency_hz = told->frequency_hz;
	p->cpus = told->cpus;
	p->min_block_ns = told->min_block_ns;
	p->idle_ns = told->idle_ns;
	memcpy(p->states, told->states, sizeof(p->states));
	p->system_wide = told->system_wide;
	p->has_timeline = told->has_timeline;
	p->timeline_lost = told->timeline_lost;
	memcpy(p->losses, told->losses, sizeof(p->losses));
	p->quality = told->quality;
	p->self = told->self;
	p->thinning = told->thinning;
	return true;
}

static bool take_text(struct reader *r, char *text)
{
	if (!r->version)
		r->version = text;
	else if (!r->target)
		r->target = text;
	else if (r->profile->string_count < r->told.string_count)
		scope_rows_add_string(&r->rows, text);
	else
		return false;
	return true;
}

static bool read_texts(struct reader *r, struct cursor *content)
{
	while (cursor_left(content)) {
		size_t length = strnlen((const char *)content->at, cursor_left(content));
		bool ends = length < cursor_left(content);
		size_t had = r->text.count;
		char *text;

		if (length > r->text.room - had)
			r->text.items = array_grow(r->text.items, &r->text.room, had + length, 1);
		if (length)
			memcpy(r->text.items + had, content->at, length);
		r->text.count += length;
		cursor_skip(content, length + ends);
		if (!ends)
			break;
		text = mem_copy_bytes(r->text.items, r->text.count);
		r->text.count = 0;
		if (!take_text(r, text)) {
			free(text);
			return false;
		}
	}
	return true;
}

/* --- the file --------------------------------------------------------------------------------- */

/* All came that the head tells of, and nothing is behind it. */
static bool is_complete(struct reader *r)
{
	const struct profile *p = r->profile, *told = &r->told;

	for (size_t i = 0; i < CAPTURE_TABLES; i++) {
		size_t off = capture_tables[i].count_off;

		if (memcmp((const char *)p + off, (const char *)told + off, sizeof(uint32_t)) != 0)
			return false;
	}
	return r->target && p->string_count == told->string_count &&
	       scope_chunks_end(&r->chunks);
}

static bool read_chunk(struct reader *r, uint32_t type, struct cursor *content)
{
	bool first = !r->has_head;

	r->has_head = true;
	if (type < CAPTURE_HEAD || type > CAPTURE_END || first != (type == CAPTURE_HEAD) ||
	    (type != CAPTURE_TEXT && r->text.count))
		return false;
	if (first)
		return read_head(r, content);
	if (type == CAPTURE_TEXT)
		return read_texts(r, content);
	if (type == CAPTURE_END)
		return is_complete(r);
	return scope_rows_add(&r->rows, CAPTURE_TABLE_OF(type), content);
}

static enum chunk_state read_chunks(struct reader *r)
{
	for (;;) {
		struct cursor content;
		uint32_t type;
		enum chunk_state state = scope_chunks_next(&r->chunks, &type, &content);

		if (state != CHUNK_WHOLE)
			return state;
		if (!read_chunk(r, type, &content))
			return CHUNK_DAMAGED;
		if (type == CAPTURE_END)
			return CHUNK_WHOLE;
	}
}

static int read_magic(FILE *in, const char *name, uint32_t *ret_version, struct err *err)
{
	unsigned char head[CAPTURE_MAGIC_BYTES + 4];
	size_t length = fread(head, 1, sizeof(head), in);
	uint32_t version;

	if (ferror(in))
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot read %s: %s", name,
			       strerror(errno));
	if (!length)
		return err_set(err, EXIT_CODE_FAILURE, -ENODATA, "cannot read %s: it is empty",
			       name);
	if (memcmp(head, CAPTURE_MAGIC,
		   length < CAPTURE_MAGIC_BYTES ? length : CAPTURE_MAGIC_BYTES) != 0)
		return err_set(err, EXIT_CODE_FAILURE, -EINVAL,
			       "cannot read %s: not a capture: those are written by systemscope "
			       "profile -o FILE.scope", name);
	if (length < sizeof(head))
		return 0; /* which shows when the first chunk is wanted */
	version = (uint32_t)head[8] | (uint32_t)head[9] << 8 | (uint32_t)head[10] << 16 |
		  (uint32_t)head[11] << 24;
	if (!version || version > CAPTURE_VERSION)
		return err_set(err, EXIT_CODE_FAILURE, -EPROTONOSUPPORT,
			       "cannot read %s: its format is version %u, and this systemscope "
			       "(%s) knows up to %u: use the newer one that wrote it", name,
			       version, SYSTEMSCOPE_VERSION, CAPTURE_VERSION);
	*ret_version = version;
	return 0;
}

/* Both in one piece, which the profile owns by its target. */
static void seal_texts(struct reader *r)
{
	size_t target_bytes = strlen(r->target) + 1, version_bytes = strlen(r->version) + 1;
	char *both = mem_alloc(target_bytes + version_bytes);

	memcpy(both, r->target, target_bytes);
	memcpy(both + target_bytes, r->version, version_bytes);
	r->profile->target = both;
	r->profile->version = both + target_bytes;
}

static void note_loss(struct reader *r, enum scope_loss cause, nsec_t lost_ns)
{
	struct profile *p = r->profile;

	p->losses[cause].count++;
	p->losses[cause].ns += lost_ns;
	p->timeline_lost.count += r->told.interval_count - p->interval_count;
}

static int finish(struct reader *r, enum chunk_state state, const char *name, struct err *err)
{
	const char *what = state == CHUNK_CUT ? "it is cut off" : "it is damaged";
	nsec_t lost_ns;

	if (state == CHUNK_FAILED)
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot read %s: %s", name,
			       strerror(errno));
	if (!r->target || (state != CHUNK_WHOLE && !r->profile->thread_count))
		return err_set(err, EXIT_CODE_FAILURE, -ENODATA,
			       "cannot read %s: %s before the first thread: nothing of it can be "
			       "shown", name, what);
	if (!scope_rows_finish(&r->rows, &lost_ns) || (state == CHUNK_WHOLE && lost_ns))
		return err_set(err, EXIT_CODE_FAILURE, -EBADMSG,
			       "cannot read %s: it is no profile: its times do not add up", name);
	if (state != CHUNK_WHOLE)
		note_loss(r, state == CHUNK_CUT ? SCOPE_LOSS_FILE_CUT : SCOPE_LOSS_FILE_DAMAGED,
			  lost_ns);
	seal_texts(r);
	return 0;
}

int scope_file_read_stream(FILE *in, const char *name, struct profile **ret_profile,
			   struct err *err)
{
	_cleanup_(reader_free) struct reader r;
	int ret;

	reader_init(&r, in);
	ret = read_magic(in, name, &r.rows.version, err);
	if (!ret)
		ret = finish(&r, read_chunks(&r), name, err);
	if (ret)
		return ret;
	*ret_profile = r.profile;
	r.profile = NULL;
	return 0;
}

int scope_file_read(const char *path, struct profile **ret_profile, struct err *err)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	int ret;

	if (!in)
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot read %s: %s", path,
			       strerror(errno));
	ret = scope_file_read_stream(in, is_stdin ? "stdin" : path, ret_profile, err);
	if (!is_stdin)
		fclose(in);
	return ret;
}
