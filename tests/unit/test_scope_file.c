// SPDX-License-Identifier: MIT
/*
 * Capture files: what is written is what is read, and a file that was cut off anywhere is read up
 * to the cut.
 */
#include <errno.h>

#include "kept.h"
#include "losses.h"
#include "sound.h"

static void check_same_output(const char *format, const struct export_opts *opts,
			      const struct profile *have, const struct profile *want)
{
	const struct exporter *exporter = exporter_by_name(format);
	char *have_text = written_by(exporter, have, opts, NULL);
	char *want_text = written_by(exporter, want, opts, NULL);

	CHECK_TEXT(have_text, want_text);
	free(have_text);
	free(want_text);
}

static void check_same_intervals(const struct profile *have, const struct profile *want)
{
	CHECK_INT(have->has_timeline, want->has_timeline);
	CHECK_INT(have->timeline_lost.count, want->timeline_lost.count);
	CHECK_INT(have->timeline_lost.ns, want->timeline_lost.ns);
	CHECK_INT(have->interval_count, want->interval_count);
	for (uint32_t i = 0; i < want->interval_count && i < have->interval_count; i++) {
		const struct profile_interval *s = &have->intervals[i], *t = &want->intervals[i];

		CHECK(s->thread == t->thread && s->reason == t->reason && s->stack == t->stack);
		CHECK(s->waker == t->waker && s->state == t->state);
		CHECK(s->start_ns == t->start_ns && s->ns == t->ns);
	}
}

/* --- whole files ------------------------------------------------------------------------------ */

static void check_round_trip(const struct profile *profile)
{
	static const struct export_opts all = { .per_thread = true,
						.annotate = true,
						.lines = true };
	struct bytes bytes = capture_of(profile), again;
	struct profile *back = read_bytes(bytes.data, bytes.size);

	CHECK_TEXT(err.message, "");
	if (back) {
		CHECK(!is_told(back));
		check_same_output("json", NULL, back, profile);
		check_same_output("folded", NULL, back, profile);
		check_same_output("folded", &all, back, profile);
		check_same_intervals(back, profile);
		again = capture_of(back);
		CHECK(again.size == bytes.size && !memcmp(again.data, bytes.data, bytes.size));
		free(again.data);
	}
	profile_free(&back);
	free(bytes.data);
}

static void what_is_read_is_what_was_written(void)
{
	check_round_trip(make_profile(0));
	check_round_trip(make_profile(3000));
}

static void a_text_may_be_longer_than_a_chunk(void)
{
	char was[sizeof(long_name)];

	memcpy(was, long_name, sizeof(was));
	memset(long_name, 'x', sizeof(long_name) - 1);
	check_round_trip(make_profile(3));
	memcpy(long_name, was, sizeof(was));
}

static void an_empty_profile_is_one(void)
{
	handmade_init(&h);
	check_round_trip(handmade_seal(&h));
}

static void the_same_profile_gives_the_same_bytes(void)
{
	struct bytes one = capture_of(make_profile(10)), other = capture_of(make_profile(10));

	CHECK(one.size == other.size && !memcmp(one.data, other.data, one.size));
	free(one.data);
	free(other.data);
}

static void a_profile_without_a_version_has_none(void)
{
	struct profile *profile = make_profile(0);
	struct profile *back;
	struct bytes bytes;

	profile->version = NULL;
	bytes = capture_of(profile);
	back = read_bytes(bytes.data, bytes.size);
	CHECK(back && !strcmp(back->version, ""));
	profile_free(&back);
	free(bytes.data);
}

/* --- files that are not whole ----------------------------------------------------------------- */

static bool same_sample(const struct profile_sample *s, const struct profile_sample *t)
{
	return s->thread == t->thread && s->state == t->state && s->reason == t->reason &&
	       s->stack == t->stack && s->ns == t->ns && s->count == t->count;
}

/* Its samples are the first of the whole one's; what these lack is under the label. */
static void check_part(const struct profile *part, const struct profile *whole)
{
	const char *label = label_table[LABEL_LOST_FILE].name;
	nsec_t lost_ns = 0;
	uint32_t kept = 0;

	CHECK(is_told(part));
	check_tables(part);
	check_threads(part);
	check_samples(part);
	CHECK(part->thread_count && part->thread_count <= whole->thread_count);
	for (uint32_t i = 0; i < part->sample_count; i++) {
		const struct profile_sample *sample = &part->samples[i];
		uint32_t frame = part->stacks[sample->stack].frame;

		if (!strcmp(profile_string(part, part->frames[frame].name), label))
			lost_ns += sample->ns;
		else
			CHECK(same_sample(sample, &whole->samples[kept++]));
	}
	CHECK_INT(part->losses[SCOPE_LOSS_FILE_CUT].ns + part->losses[SCOPE_LOSS_FILE_DAMAGED].ns,
		  lost_ns);
	CHECK_INT(part->timeline_lost.count - whole->timeline_lost.count,
		  whole->interval_count - part->interval_count);
}

static void a_file_is_read_up_to_a_cut(void)
{
	const struct profile *whole = make_profile(40);
	struct bytes bytes = capture_of(whole);
	uint32_t samples = 0, refused = 0;

	for (size_t size = 0; size < bytes.size; size++) {
		struct profile *part = read_bytes(bytes.data, size);

		if (!part) {
			CHECK_CONTAINS(err.message, size ? "cannot read x.scope: it is cut off"
							 : "cannot read x.scope: it is empty");
			refused++;
			CHECK_INT(refused, size + 1);
			continue;
		}
		CHECK_INT(part->losses[SCOPE_LOSS_FILE_CUT].count, 1);
		check_part(part, whole);
		/* a longer part has more of it, and goes through the exporters */
		CHECK(part->losses[SCOPE_LOSS_FILE_CUT].ns ||
		      part->sample_count == whole->sample_count);
		samples += part->sample_count;
		for (size_t i = 0; exporter_table[i]; i++) {
			if (!exporter_table[i]->needs_timeline)
				free(written_by(exporter_table[i], part, NULL, NULL));
		}
		profile_free(&part);
	}
	CHECK(samples > 0 && refused > 0 && refused < bytes.size / 2);
	free(bytes.data);
}

static void a_changed_byte_is_told(void)
{
	static const char changes[] = { 1, (char)0x80, (char)0xff };
	const struct profile *whole = make_profile(20);
	struct bytes bytes = capture_of(whole);

	for (size_t at = 0; at < bytes.size; at++) {
		for (size_t i = 0; i < sizeof(changes); i++) {
			struct profile *part;

			bytes.data[at] ^= changes[i];
			part = read_bytes(bytes.data, bytes.size);
			bytes.data[at] ^= changes[i];
			if (part)
				check_part(part, whole);
			profile_free(&part);
		}
	}
	free(bytes.data);
}

static void bytes_behind_the_end_are_told(void)
{
	struct bytes bytes = capture_of(make_profile(0));
	char *more = malloc(bytes.size + 1);
	struct profile *profile;

	memcpy(more, bytes.data, bytes.size);
	more[bytes.size] = 0;
	profile = read_bytes(more, bytes.size + 1);
	CHECK(profile && profile->losses[SCOPE_LOSS_FILE_DAMAGED].count == 1);
	CHECK(profile && !profile->losses[SCOPE_LOSS_FILE_DAMAGED].ns);
	profile_free(&profile);
	free(more);
	free(bytes.data);
}

/* --- files that are no captures --------------------------------------------------------------- */

static void other_files_are_refused(void)
{
	struct bytes bytes = capture_of(make_profile(0));
	struct profile *profile = NULL;

	check_refused("main;work 7\n", 12, "cannot read x.scope: not a capture: ");
	check_refused("m", 1, "not a capture: ");
	bytes.data[CAPTURE_MAGIC_BYTES] = CAPTURE_VERSION + 1;
	check_refused(bytes.data, bytes.size, "its format is version 3, and this systemscope (");
	bytes.data[CAPTURE_MAGIC_BYTES] = 0;
	check_refused(bytes.data, bytes.size, "its format is version 0");
	free(bytes.data);
	CHECK_INT(scope_file_read("/no/such", &profile, &err), -ENOENT);
	err = (struct err){ 0 };
	CHECK_INT(scope_file_read("/", &profile, &err), -EISDIR);
	CHECK_TEXT(err.message, "cannot read /: Is a directory");
}

int main(void)
{
	CHECK_CASE(what_is_read_is_what_was_written);
	CHECK_CASE(a_text_may_be_longer_than_a_chunk);
	CHECK_CASE(an_empty_profile_is_one);
	CHECK_CASE(the_same_profile_gives_the_same_bytes);
	CHECK_CASE(a_profile_without_a_version_has_none);
	CHECK_CASE(a_file_is_read_up_to_a_cut);
	CHECK_CASE(a_changed_byte_is_told);
	CHECK_CASE(bytes_behind_the_end_are_told);
	CHECK_CASE(other_files_are_refused);
	return check_status();
}
