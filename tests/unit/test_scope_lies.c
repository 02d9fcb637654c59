// SPDX-License-Identifier: MIT
/* Capture files that lie: whatever is in a file, what is read is a sound profile, or nothing. */
#include "capture_made.h"
#include "kept.h"
#include "sound.h"

/* --- files that lie --------------------------------------------------------------------------- */

/* clang-format off */
static void parent_is_itself(struct profile *p) { (void)p; h.stacks[3].parent = 3; }
static void parent_comes_later(struct profile *p) { (void)p; h.stacks[3].parent = 4; }
static void stack_without_frame(struct profile *p) { (void)p; h.stacks[3].frame = 0; }
static void first_stack_is_one(struct profile *p) { (void)p; h.stacks[0].frame = 1; }
static void user_below_kernel(struct profile *p) { (void)p; h.frames[1].kind = FRAME_KERNEL; }
static void no_such_kind(struct profile *p) { (void)p; h.frames[1].kind = FRAME_LABEL + 1; }
static void frame_without_name(struct profile *p) { (void)p; h.frames[1].name = 0; }
static void no_such_why(struct profile *p) { h.processes[2].anonymous_why = p->string_count; }
static void processes_not_in_order(struct profile *p) { (void)p; h.processes[0].pid = 101; }
static void threads_not_in_order(struct profile *p) { (void)p; h.threads[0].tid = 108; }
static void thread_skips_a_process(struct profile *p) { (void)p; h.threads[2].process = 2; }
static void thread_of_no_process(struct profile *p) { h.threads[3].process = p->process_count; }
static void alive_is_not_the_sum(struct profile *p) { (void)p; h.threads[1].alive_ns++; }
static void never_ran_and_ran(struct profile *p) { (void)p; h.threads[0].never_ran = true; }
static void sample_of_no_thread(struct profile *p) { h.samples[8].thread = p->thread_count; }
static void sample_twice(struct profile *p) { (void)p; h.samples[8] = h.samples[7]; }
static void no_such_state(struct profile *p) { (void)p; h.samples[8].state = SCOPE_STATES; }
static void reason_to_run(struct profile *p) { (void)p; h.samples[0].reason = 1; }
static void no_reason_to_wait(struct profile *p) { (void)p; h.samples[8].reason = 0; }
static void state_not_asked_for(struct profile *p) { p->states[SCOPE_RUNQ] = false; }
static void borrowed_and_counted(struct profile *p) { (void)p; h.samples[5].count = 1; }
static void borrowed_of_nobody(struct profile *p) { (void)p; h.threads[2].estimated = false; }
static void intervals_overlap(struct profile *p) { (void)p; intervals[1].start_ns = 9; }
static void intervals_not_in_order(struct profile *p) { (void)p; intervals[0].thread = 1; }
static void interval_of_no_length(struct profile *p) { (void)p; intervals[1].ns = 0; }
static void interval_beyond_time(struct profile *p) { (void)p; intervals[2].ns = UINT64_MAX; }
static void woken_by_nobody(struct profile *p) { intervals[1].waker = p->thread_count + 1; }
static void intervals_without_timeline(struct profile *p) { p->has_timeline = false; }

/* These are seen only when all is there. */
static void less_time_than_the_ledger(struct profile *p) { (void)p; h.samples[8].ns--; }
static void more_time_than_the_ledger(struct profile *p) { (void)p; h.samples[8].ns++; }
static void time_beyond_64_bits(struct profile *p) { (void)p; h.samples[8].ns = UINT64_MAX; }
static void first_sample_has_it_all(struct profile *p) { (void)p; h.samples[0].ns = UINT64_MAX; }

/* clang-format on */

/* The writer takes a profile as it is, so that one that breaks a rule makes a file that does. */
static const struct lie {
	const char *name;
	void (*tell)(struct profile *);
} lies[] = {
#define LIE(name)                                                                                  \
	{                                                                                          \
#name, name                                                                        \
	}
	LIE(parent_is_itself),
	LIE(parent_comes_later),
	LIE(stack_without_frame),
	LIE(first_stack_is_one),
	LIE(user_below_kernel),
	LIE(no_such_kind),
	LIE(frame_without_name),
	LIE(no_such_why),
	LIE(processes_not_in_order),
	LIE(threads_not_in_order),
	LIE(thread_skips_a_process),
	LIE(thread_of_no_process),
	LIE(alive_is_not_the_sum),
	LIE(never_ran_and_ran),
	LIE(sample_of_no_thread),
	LIE(sample_twice),
	LIE(no_such_state),
	LIE(reason_to_run),
	LIE(no_reason_to_wait),
	LIE(state_not_asked_for),
	LIE(borrowed_and_counted),
	LIE(borrowed_of_nobody),
	LIE(intervals_overlap),
	LIE(intervals_not_in_order),
	LIE(interval_of_no_length),
	LIE(interval_beyond_time),
	LIE(woken_by_nobody),
	LIE(intervals_without_timeline),
	LIE(less_time_than_the_ledger),
	LIE(more_time_than_the_ledger),
	LIE(time_beyond_64_bits),
	LIE(first_sample_has_it_all),
};

static void lies_are_not_believed(void)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct profile *profile = make_profile(3), *back;
		struct bytes bytes;

		lies[i].tell(profile);
		bytes = capture_of(profile);
		back = read_bytes(bytes.data, bytes.size);
		if (back && !back->losses[SCOPE_LOSS_FILE_DAMAGED].count)
			check_fail(__FILE__, __LINE__, "%s is believed", lies[i].name);
		if (back) {
			check_tables(back);
			check_threads(back);
			check_samples(back);
		}
		profile_free(&back);
		free(bytes.data);
	}
}

/* --- any content ------------------------------------------------------------------------------ */

/* The file with `value` for one byte of one chunk's content, packed anew. */
static struct profile *read_changed(const struct bytes *bytes, size_t chunk_off, size_t byte,
				    uint8_t value)
{
	struct bytes changed = { NULL, 0 };
	FILE *out = open_memstream(&changed.data, &changed.size);
	size_t at = chunk_off;
	struct capture_chunk chunk;
	uint8_t *content = capture_take_chunk(bytes->data, bytes->size, &at, &chunk);
	struct profile *profile;

	content[byte] = value;
	fwrite(bytes->data, 1, chunk_off, out);
	capture_put_chunk(out, chunk.type, content, chunk.unpacked_bytes);
	fwrite(bytes->data + at, 1, bytes->size - at, out);
	fclose(out);
	free(content);
	profile = read_bytes(changed.data, changed.size);
	free(changed.data);
	return profile;
}

/* It is another profile then, or none: but whatever it is, it is sound. */
static void any_content_is_sound_or_refused(void)
{
	static const uint8_t values[] = { 0, 1, 2, 3, 5, 0x7f, 0x80, 0xff };
	struct profile *whole = make_profile(10);
	struct bytes bytes;
	struct capture_chunk chunk;
	uint8_t *content;
	size_t read = 0, refused = 0, chunk_off = CAPTURE_MAGIC_BYTES + 4, next = chunk_off;

	bytes = capture_of(whole);
	while ((content = capture_take_chunk(bytes.data, bytes.size, &next, &chunk))) {
		for (size_t i = 0; i < chunk.unpacked_bytes * sizeof(values); i++) {
			struct profile *profile = read_changed(
				&bytes, chunk_off, i / sizeof(values), values[i % sizeof(values)]);

			if (profile) {
				check_tables(profile);
				check_threads(profile);
				check_samples(profile);
			}
			*(profile ? &read : &refused) += 1;
			profile_free(&profile);
		}
		chunk_off = next;
		free(content);
	}
	CHECK(read > 1000 && refused > 1000);
	free(bytes.data);
}

/* Sizes of the first chunk. */
static void sizes_are_not_believed(void)
{
	struct bytes bytes = capture_of(make_profile(0));
	uint32_t *sizes = (uint32_t *)(bytes.data + CAPTURE_MAGIC_BYTES + 4) + 1;

	for (int i = 0; i < 2; i++) {
		uint32_t was = sizes[i];

		sizes[i] = UINT32_MAX;
		check_refused(bytes.data, bytes.size, "it is damaged before the first thread");
		sizes[i] = CAPTURE_CHUNK_MAX;
		check_refused(bytes.data, bytes.size, "before the first thread");
		sizes[i] = was;
	}
	free(bytes.data);
}

/* Each chunk as one of another type, of types that there are and others. */
static void types_are_not_believed(void)
{
	static const uint32_t types[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, UINT32_MAX };
	struct bytes bytes = capture_of(make_profile(10)), changed = { NULL, 0 };
	size_t chunk_off = CAPTURE_MAGIC_BYTES + 4, next = chunk_off;
	struct capture_chunk chunk;
	uint8_t *content;

	while ((content = capture_take_chunk(bytes.data, bytes.size, &next, &chunk))) {
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
			FILE *out = open_memstream(&changed.data, &changed.size);
			struct profile *profile;

			fwrite(bytes.data, 1, chunk_off, out);
			capture_put_chunk(out, types[i], content, chunk.unpacked_bytes);
			fwrite(bytes.data + next, 1, bytes.size - next, out);
			fclose(out);
			profile = read_bytes(changed.data, changed.size);
			if (profile)
				CHECK_INT(is_told(profile), types[i] != chunk.type);
			profile_free(&profile);
			free(changed.data);
		}
		chunk_off = next;
		free(content);
	}
	free(bytes.data);
}

/* More time in the samples than the threads have, and no end that would tell it by itself. */
static void time_of_a_part_is_not_believed(void)
{
	struct profile *profile = make_profile(3);
	struct bytes bytes;

	more_time_than_the_ledger(profile);
	bytes = capture_of(profile);
	check_refused(bytes.data, bytes.size - 1, "it is no profile: its times do not add up");
	free(bytes.data);
}

/* The head, with the rows that there are said to be; no losses. */
static size_t write_head(const struct profile *profile, uint8_t *content)
{
	size_t used = 0;

	for (size_t i = 0; i < CAPTURE_HEAD_COLUMNS; i++) {
		uint64_t value = 0;

		memcpy(&value, (const char *)profile + capture_head[i].off, capture_head[i].bytes);
		for (; value >= 0x80; value >>= 7)
			content[used++] = (uint8_t)(value | 0x80);
		content[used++] = (uint8_t)value;
	}
	content[used++] = 0;
	return used;
}

/* No memory is taken for rows that are only said to be there. */
static void counts_are_not_believed(void)
{
	/* 2^28 rows, and the first values of some */
	static const uint8_t rows[] = { 0x80, 0x80, 0x80, 0x80, 0x01, 0, 0, 0, 0, 0, 0, 0 };
	struct profile *profile = make_profile(0);
	struct bytes bytes = { NULL, 0 };
	FILE *out = open_memstream(&bytes.data, &bytes.size);
	uint8_t content[512];

	profile->process_count = CAPTURE_ROWS_MAX;
	capture_put_head(out);
	capture_put_chunk(out, CAPTURE_HEAD, content, write_head(profile, content));
	capture_put_chunk(out, CAPTURE_TEXT, (const uint8_t *)"a\0b", 4);
	capture_put_chunk(out, CAPTURE_PROCESS, rows, sizeof(rows));
	fclose(out);
	check_refused(bytes.data, bytes.size, "it is damaged before the first thread");
	free(bytes.data);
}

/* As deep as can be, and one more. */
static void stacks_have_a_bottom(void)
{
	static struct profile_stack stacks[CAPTURE_STACK_MAX + 2];

	for (uint32_t deepest = CAPTURE_STACK_MAX; deepest <= CAPTURE_STACK_MAX + 1; deepest++) {
		struct profile *profile = make_profile(0), *back;
		struct bytes bytes;

		for (uint32_t i = 1; i <= deepest; i++)
			stacks[i] = (struct profile_stack){ .parent = i - 1, .frame = 1 };
		profile->stacks = stacks;
		profile->stack_count = deepest + 1;
		bytes = capture_of(profile);
		back = read_bytes(bytes.data, bytes.size);
		CHECK(back != NULL);
		CHECK_INT(back ? back->losses[SCOPE_LOSS_FILE_DAMAGED].count : 0,
			  deepest > CAPTURE_STACK_MAX);
		profile_free(&back);
		free(bytes.data);
	}
}

int main(void)
{
	CHECK_CASE(lies_are_not_believed);
	CHECK_CASE(any_content_is_sound_or_refused);
	CHECK_CASE(sizes_are_not_believed);
	CHECK_CASE(types_are_not_believed);
	CHECK_CASE(time_of_a_part_is_not_believed);
	CHECK_CASE(counts_are_not_believed);
	CHECK_CASE(stacks_have_a_bottom);
	return check_status();
}
