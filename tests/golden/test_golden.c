// SPDX-License-Identifier: MIT
/*
 * Every stream of tests/streams through every exporter, the summary and the digest, compared with
 * tests/golden/STREAM.SUFFIX. What is there was checked by eye; `make golden` writes it anew, and
 * the diff is to be read before it is committed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "exporter.h"
#include "scope_file.h"
#include "stream.h"
#include "summary.h"
#include "whole.h"

#define OUTPUTS_MAX 16
#define STREAMS	    TESTS_DIR "/streams"
#define GOLDEN	    TESTS_DIR "/golden"
#define ASSETS	    TESTS_DIR "/../exporters/assets"

/* One way to write a profile: an exporter, or one of the two printers. */
struct output {
	const char *suffix;
	const struct exporter *exporter;
	void (*print)(const struct profile *, const struct summary_opts *, FILE *);
};

struct bytes {
	char *data;
	size_t size;
};

static struct output outputs[OUTPUTS_MAX];
static size_t output_count;
static bool rewrite;

static void list_outputs(void)
{
	for (size_t i = 0; exporter_table[i]; i++)
		outputs[output_count++] = (struct output){
			.suffix = exporter_table[i]->suffixes[0],
			.exporter = exporter_table[i],
		};
	outputs[output_count++] = (struct output){ ".summary", NULL, summary_print };
	outputs[output_count++] = (struct output){ ".digest", NULL, digest_print };
}

static struct bytes write_output(const struct output *output, const struct profile *profile)
{
	static const struct export_opts export_opts;
	static const struct summary_opts summary_opts = { .verbose = 1, .columns = 100 };
	struct bytes bytes = { NULL, 0 };
	FILE *out = open_memstream(&bytes.data, &bytes.size);

	if (output->exporter)
		CHECK_INT(output->exporter->write(profile, &export_opts, out), 0);
	else
		output->print(profile, &summary_opts, out);
	fclose(out);
	return bytes;
}

static struct bytes read_file(const char *path)
{
	struct bytes bytes = { NULL, 0 };
	FILE *out, *in = fopen(path, "r");
	int c;

	if (!in)
		return bytes;
	out = open_memstream(&bytes.data, &bytes.size);
	while ((c = getc(in)) != EOF)
		putc(c, out);
	fclose(in);
	fclose(out);
	return bytes;
}

/* Each `find` in the bytes becomes `put`, and what follows it, `more` bytes of it, goes too. */
static void replace(struct bytes *bytes, const struct bytes *find, size_t more, const char *put)
{
	struct bytes new = { NULL, 0 };
	FILE *out = open_memstream(&new.data, &new.size);
	char *at = bytes->data, *end = bytes->data + bytes->size, *found;

	while ((found = memmem(at, (size_t)(end - at), find->data, find->size)) != NULL) {
		fwrite(at, 1, (size_t)(found - at), out);
		fputs(put, out);
		at = found + find->size + more;
		CHECK(at <= end);
	}
	fwrite(at, 1, (size_t)(end - at), out);
	fclose(out);
	free(bytes->data);
	*bytes = new;
}

static int is_asset(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/*
 * Pages carry files of exporters/assets as they are: in a golden file these are their names, so that
 * it changes with what the exporter writes. Their hashes are tests/cli/html.sh's to check.
 */
static void name_assets(struct bytes *bytes)
{
	struct bytes hash = { strdup("'sha256-"), strlen("'sha256-") };
	struct dirent **entries;
	int count = scandir(ASSETS, &entries, is_asset, alphasort);

	for (int i = 0; i < count; i++) {
		char path[4096], name[512];
		struct bytes asset;

		snprintf(path, sizeof(path), ASSETS "/%s", entries[i]->d_name);
		snprintf(name, sizeof(name), "[%s]", entries[i]->d_name);
		asset = read_file(path);
		if (asset.size)
			replace(bytes, &asset, 0, name);
		free(asset.data);
		free(entries[i]);
	}
	free(entries);
	replace(bytes, &hash, strlen("0123456789abcdef0123456789abcdef0123456789a='"), "[hash]");
	free(hash.data);
}

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* The first line that differs, of both, as diagnostics. */
static void show_difference(const struct bytes *have, const struct bytes *want)
{
	size_t line = 1, begin = 0, at = 0;

	while (at < have->size && at < want->size && have->data[at] == want->data[at]) {
		if (have->data[at++] == '\n') {
			line++;
			begin = at;
		}
	}
	printf("# line %zu\n# - %.*s\n# + %.*s\n", line, (int)strcspn(want->data + begin, "\n"),
	       want->data + begin, (int)strcspn(have->data + begin, "\n"), have->data + begin);
}

static void compare_with_golden(const char *path, const struct bytes *have)
{
	struct bytes want;

	if (rewrite) {
		FILE *out = fopen(path, "w");

		CHECK(out != NULL);
		if (!out)
			return;
		CHECK(fwrite(have->data, 1, have->size, out) == have->size);
		CHECK_INT(fclose(out), 0);
		return;
	}
	want = read_file(path);
	if (!want.data) {
		check_fail(__FILE__, __LINE__, "%s is missing: make golden", path);
		return;
	}
	if (!same_bytes(have, &want)) {
		show_difference(have, &want);
		check_fail(__FILE__, __LINE__, "differs from %s: make golden, and read the diff",
			   path);
	}
	free(want.data);
}

/* What include/profile.h promises of times. Returns the time of all samples. */
static nsec_t check_ledger(const struct profile *p)
{
	nsec_t total_ns = 0;
	uint32_t at = 0;

	for (uint32_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *thread = &p->threads[i];
		nsec_t ns[SCOPE_STATES] = { 0 };
		nsec_t sum_ns = 0;

		for (; at < p->sample_count && p->samples[at].thread == i; at++)
			ns[p->samples[at].state] += p->samples[at].ns;
		for (size_t state = 0; state < SCOPE_STATES; state++) {
			CHECK_INT(ns[state], p->states[state] ? thread->ns[state] : 0);
			total_ns += ns[state];
			sum_ns += thread->ns[state];
		}
		CHECK_INT(thread->alive_ns - sum_ns, thread->residual_ns);
	}
	CHECK_INT(at, p->sample_count);
	return total_ns;
}

/* The sum of a folded file, counted here and not by the exporter. */
static void check_folded_sum(const struct profile *p, const struct bytes *folded)
{
	uint64_t sum_us = 0;
	const char *at = folded->data, *end = folded->data + folded->size;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		const char *number;

		CHECK(line_end != NULL);
		if (!line_end)
			return;
		for (number = line_end; number > at && number[-1] != ' '; number--)
			;
		sum_us += strtoull(number, NULL, 10);
		at = line_end + 1;
	}
	CHECK_INT(sum_us, (check_ledger(p) + 500) / 1000);
}

/* The profile as a test build makes it: what differs from one version to the next left out. */
static struct profile *build_profile(const char *name)
{
	char path[4096];
	struct profile *profile;

	snprintf(path, sizeof(path), STREAMS "/%s.stream", name);
	profile = stream_profile(path);
	if (!profile)
		check_fail(__FILE__, __LINE__, "%s gives no profile", path);
	else
		profile->version = "test";
	return profile;
}

static const char *stream_name, *case_suffix;
static const struct output *case_output;

/* An exporter of timelines has nothing to write of a profile without one. */
static bool is_left_out(const struct output *output, const struct profile *profile)
{
	return output->exporter && output->exporter->needs_timeline && !profile->has_timeline;
}

static void run_case(void)
{
	char path[4096];
	struct profile *profile, *again;
	struct bytes have, have_again;

	profile = build_profile(stream_name);
	if (!profile)
		return;
	check_ledger(profile);
	if (is_left_out(case_output, profile)) {
		profile_free(&profile);
		return;
	}
	have = write_output(case_output, profile);
	if (case_output->exporter == exporter_by_name("folded"))
		check_folded_sum(profile, &have);
	profile_free(&profile);

	/* The same records give the same bytes (law 5). */
	again = build_profile(stream_name);
	have_again = write_output(case_output, again);
	CHECK(same_bytes(&have, &have_again));
	profile_free(&again);

	if (case_output->exporter)
		name_assets(&have);
	snprintf(path, sizeof(path), GOLDEN "/%s%s", stream_name, case_suffix);
	compare_with_golden(path, &have);
	free(have.data);
	free(have_again.data);
}

/* Its threads, and its processes, one by one (src/views.h). */
static void run_views(void)
{
	struct profile *profile = build_profile(stream_name);

	if (profile)
		check_views(profile);
	profile_free(&profile);
}

/*
 * A capture file that was committed is what somebody kept: it is read, whatever has become of the
 * writer since, and is still the same profile.
 */
static void kept_capture_is_read(void)
{
	struct profile *profile = NULL;
	struct err err = { 0 };
	struct bytes have, want;
	char path[4096];

	snprintf(path, sizeof(path), GOLDEN "/%s.scope", stream_name);
	CHECK_INT(scope_file_read(path, &profile, &err), 0);
	CHECK_TEXT(err.message, "");
	if (!profile)
		return;
	for (size_t i = 0; i < output_count; i++) {
		if (is_left_out(&outputs[i], profile))
			continue;
		snprintf(path, sizeof(path), GOLDEN "/%s%s", stream_name, outputs[i].suffix);
		have = write_output(&outputs[i], profile);
		if (outputs[i].exporter)
			name_assets(&have);
		want = read_file(path);
		if (!want.data || !same_bytes(&have, &want))
			check_fail(__FILE__, __LINE__, "of the capture, differs from %s", path);
		free(have.data);
		free(want.data);
	}
	profile_free(&profile);
}

static void run_stream(const char *name)
{
	char case_name[512];

	for (size_t i = 0; i < output_count; i++) {
		stream_name = name;
		case_output = &outputs[i];
		case_suffix = outputs[i].suffix;
		snprintf(case_name, sizeof(case_name), "golden.%s%s", name, case_suffix);
		check_case(case_name, run_case);
	}
	snprintf(case_name, sizeof(case_name), "views.%s", name);
	check_case(case_name, run_views);
	snprintf(case_name, sizeof(case_name), "kept.%s", name);
	check_case(case_name, kept_capture_is_read);
	stream_unload();
}

static int is_stream(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".stream") == 0;
}

/* A golden file that no stream and no exporter writes any more would never fail again. */
static void no_golden_file_is_left_over(void)
{
	struct dirent **entries;
	int count = scandir(GOLDEN, &entries, NULL, alphasort);

	CHECK(count > 0);
	for (int i = 0; i < count; i++) {
		char *dot = strchr(entries[i]->d_name, '.');
		char path[4096];
		bool ours = dot && dot != entries[i]->d_name && strcmp(dot, ".mk") != 0 &&
			    strcmp(dot, ".c") != 0 && strcmp(dot, ".md") != 0;
		bool known = false;

		for (size_t j = 0; ours && j < output_count; j++)
			known |= strcmp(dot, outputs[j].suffix) == 0;
		if (ours) {
			snprintf(path, sizeof(path), STREAMS "/%.*s.stream",
				 (int)(dot - entries[i]->d_name), entries[i]->d_name);
			if (!known || access(path, R_OK) != 0)
				check_fail(__FILE__, __LINE__, "%s belongs to nothing",
					   entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
}

int main(void)
{
	struct dirent **entries;
	int count = scandir(STREAMS, &entries, is_stream, alphasort);

	rewrite = getenv("REWRITE_GOLDEN") != NULL;
	list_outputs();
	for (int i = 0; i < count; i++) {
		*strrchr(entries[i]->d_name, '.') = '\0';
		run_stream(entries[i]->d_name);
		free(entries[i]);
	}
	if (count > 0)
		free(entries);
	else
		printf("not ok golden - no streams in %s\n", STREAMS);
	CHECK_CASE(no_golden_file_is_left_over);
	return check_status() || count <= 0;
}
