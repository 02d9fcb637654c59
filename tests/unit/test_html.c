// SPDX-License-Identifier: MIT
/*
 * exporters/html.c: what options choose, and what stands in the page once. What the data say in
 * all is compared with JSON by tests/html/read_page.py, and what a reader sees is browser.js's.
 */
#include "check.h"
#include "handmade.h"
#include "written.h"

extern const struct exporter exporter_html;

static struct handmade h;

static char *page_with(const struct export_opts *opts)
{
	uint32_t main_;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	main_ = handmade_stack(&h, 0, "main");
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, main_, "work"), 1);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, main_, "work"), UINT64_MAX);
	return written_by(&exporter_html, handmade_seal(&h), opts, NULL);
}

static void options_choose_what_is_shown_first(void)
{
	static const struct {
		struct export_opts opts;
		const char *roots, *lines;
	} rows[] = {
		{ { 0 }, "\"roots\":\"comm\"", "\"lines\":false" },
		{ { .per_process = true }, "\"roots\":\"process\"", "\"lines\":false" },
		{ { .per_thread = true }, "\"roots\":\"thread\"", "\"lines\":false" },
		{ { .lines = true }, "\"roots\":\"comm\"", "\"lines\":true" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *page = page_with(&rows[i].opts);

		CHECK_CONTAINS(page, rows[i].roots);
		CHECK_CONTAINS(page, rows[i].lines);
		free(page);
	}
}

/* Two addresses in work(), called from one: two functions, and two nodes. */
static void what_reads_the_same_is_there_once(void)
{
	char *page = page_with(NULL);

	CHECK_CONTAINS(page, "\"functions\":\"CEDE\"");
	CHECK_CONTAINS(page, "\"frames\":\"AAABAA\"");
	CHECK_CONTAINS(page, "\"stacks\":\"BABB\"");
	free(page);
}

/* 1 ns, and 2^64 - 1: twelve digits and four bits. */
static void times_are_whole_whatever_their_size(void)
{
	char *page = page_with(NULL);

	CHECK_CONTAINS(page, "\"samples\":\"AAACEBBA____________PB\"");
	free(page);
}

static void a_timeline_is_there_if_it_was_asked_for(void)
{
	static const struct profile_interval none[1];
	char *page = page_with(NULL);

	CHECK(page && !strstr(page, "\"intervals\""));
	free(page);
	h.profile.intervals = none;
	h.profile.has_timeline = true;
	page = written_by(&exporter_html, &h.profile, NULL, NULL);
	CHECK_CONTAINS(page, "\"intervals\":\"\"");
	free(page);
}

int main(void)
{
	CHECK_CASE(options_choose_what_is_shown_first);
	CHECK_CASE(what_reads_the_same_is_there_once);
	CHECK_CASE(times_are_whole_whatever_their_size);
	CHECK_CASE(a_timeline_is_there_if_it_was_asked_for);
	return check_status();
}
