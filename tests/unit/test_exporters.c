// SPDX-License-Identifier: MIT
/* What every exporter owes, for each one in the table; and the text that they share. */
#include <errno.h>

#include "../../exporters/text.h"
#include "check.h"
#include "handmade.h"
#include "written.h"

static struct handmade h;

static const struct profile *make_small_profile(void)
{
	uint32_t main_, wait;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	main_ = handmade_stack(&h, 0, "main");
	wait = handmade_stack(&h, main_, "k:futex_wait");
	handmade_sample(&h, 0, SCOPE_ON, main_, 1234567);
	handmade_sample(&h, 0, SCOPE_OFF, wait, 7654321)->reason = handmade_string(&h, "futex");
	return handmade_seal(&h);
}

static void table_is_consistent(void)
{
	for (size_t i = 0; exporter_table[i]; i++) {
		const struct exporter *exporter = exporter_table[i];

		CHECK(exporter->name && exporter->name[0] && exporter->summary && exporter->write);
		CHECK(exporter_by_name(exporter->name) == exporter);
		CHECK(exporter->suffixes[0] != NULL);
		for (const char *const *suffix = exporter->suffixes; *suffix; suffix++) {
			char path[64];

			CHECK((*suffix)[0] == '.' && strlen(*suffix) > 1);
			snprintf(path, sizeof(path), "dir.json/out%s", *suffix);
			CHECK(exporter_for_path(path) == exporter);
		}
	}
}

static void format_is_told_by_the_end_of_the_name_alone(void)
{
	CHECK(exporter_for_path("a.json") == exporter_by_name("json"));
	CHECK(exporter_for_path("a.json.folded") == exporter_by_name("folded"));
	CHECK(exporter_for_path("json") == NULL);
	CHECK(exporter_for_path("a.JSON") == NULL);
	CHECK(exporter_for_path("a.txt") == exporter_by_name("report"));
	CHECK(exporter_for_path("a.text") == NULL);
	CHECK(exporter_for_path("a.json/b") == NULL);
	CHECK(exporter_for_path("") == NULL);
	CHECK(exporter_by_name("") == NULL);
	CHECK(exporter_by_name("fold") == NULL);
	CHECK(exporter_by_name("Folded") == NULL);
}

static void same_profile_gives_same_bytes(void)
{
	const struct profile *p = make_small_profile();

	for (size_t i = 0; exporter_table[i]; i++) {
		size_t size = 0, again_size = 0;
		char *text = written_by(exporter_table[i], p, NULL, &size);
		char *again = written_by(exporter_table[i], p, NULL, &again_size);

		CHECK(text && again && size == again_size && memcmp(text, again, size) == 0);
		CHECK(size > 0);
		free(text);
		free(again);
	}
}

static void an_empty_profile_can_be_written(void)
{
	handmade_init(&h);
	for (size_t i = 0; exporter_table[i]; i++) {
		char *text = written_by(exporter_table[i], handmade_seal(&h), NULL, NULL);

		CHECK(text != NULL);
		free(text);
	}
}

/* /dev/full takes no byte; with and without a buffer the error comes out. */
static void a_full_disk_is_told(void)
{
	static const struct export_opts opts;
	const struct profile *p = make_small_profile();

	for (size_t i = 0; exporter_table[i]; i++) {
		FILE *out = fopen("/dev/full", "w");

		CHECK(out != NULL);
		if (!out)
			return;
		CHECK_INT(exporter_table[i]->write(p, &opts, out), -ENOSPC);
		fclose(out);
		out = fopen("/dev/full", "w");
		setvbuf(out, NULL, _IONBF, 0);
		CHECK_INT(exporter_table[i]->write(p, &opts, out), -ENOSPC);
		fclose(out);
	}
}

static void xml_has_no_byte_that_xml_cannot_have(void)
{
	static const char name[] = "<a href='x' & \"y\">\x01\n\x7f\xc2\x85\xff\xef\xbf\xbe\xef\xbf\xbf"
				   "\xef\xbf\xbd]]>\xe2\x82\xac";
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	text_write_xml(out, name);
	fclose(out);
	CHECK_TEXT(text, "&lt;a href=&#39;x&#39; &amp; &quot;y&quot;&gt;????\xef\xbf\xbd\xef\xbf\xbd"
			 "\xef\xbf\xbd\xef\xbf\xbd]]&gt;\xe2\x82\xac");
	free(text);
}

static void durations_read_well(void)
{
	CHECK_TEXT(text_duration(0).bytes, "0 ns");
	CHECK_TEXT(text_duration(999).bytes, "999 ns");
	CHECK_TEXT(text_duration(1000).bytes, "1.00 us");
	CHECK_TEXT(text_duration(12345).bytes, "12.3 us");
	CHECK_TEXT(text_duration(9994).bytes, "9.99 us");
	CHECK_TEXT(text_duration(9995).bytes, "10.0 us");
	CHECK_TEXT(text_duration(99950).bytes, "100 us");
	CHECK_TEXT(text_duration(999499).bytes, "999 us");
	CHECK_TEXT(text_duration(999500).bytes, "1.00 ms");
	CHECK_TEXT(text_duration(12345678).bytes, "12.3 ms");
	CHECK_TEXT(text_duration(999999999).bytes, "1.00 s");
	CHECK_TEXT(text_duration(1000000000).bytes, "1.00 s");
	CHECK_TEXT(text_duration(30 * NSEC_PER_SEC).bytes, "30.0 s");
	CHECK_TEXT(text_duration(999 * NSEC_PER_SEC).bytes, "999 s");
	CHECK_TEXT(text_duration(1000 * NSEC_PER_SEC).bytes, "16 min 40 s");
	CHECK_TEXT(text_duration(150000 * NSEC_PER_SEC).bytes, "41 h 40 min");
	CHECK_TEXT(text_duration(UINT64_MAX).bytes, "5124095 h 34 min");
}

static void sizes_read_well(void)
{
	CHECK_TEXT(text_size(0).bytes, "0 B");
	CHECK_TEXT(text_size(1023).bytes, "1023 B");
	CHECK_TEXT(text_size(1024).bytes, "1.00 KiB");
	CHECK_TEXT(text_size(19083034).bytes, "18.2 MiB");
	CHECK_TEXT(text_size(UINT64_MAX).bytes, "17179869184 GiB");
}

static void shares_say_all_and_nothing_only_when_exact(void)
{
	CHECK_TEXT(text_share(0, 0).bytes, "-");
	CHECK_TEXT(text_share(0, 7).bytes, "0 %");
	CHECK_TEXT(text_share(7, 7).bytes, "100 %");
	CHECK_TEXT(text_share(1, 1000000).bytes, "<0.1 %");
	CHECK_TEXT(text_share(999999, 1000000).bytes, ">99.9 %");
	CHECK_TEXT(text_share(UINT64_MAX - 1, UINT64_MAX).bytes, ">99.9 %");
	CHECK_TEXT(text_share(1, 8).bytes, "12.5 %");
	CHECK_TEXT(text_share(3, 2).bytes, "150.0 %");
}

static void no_name_ends_a_script(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	text_write_script_json(out, "</script>\"<!--\n\xff");
	fclose(out);
	CHECK_TEXT(text, "\"\\u003c/script>\\\"\\u003c!--\\u000a\xef\xbf\xbd\"");
	free(text);
}

int main(void)
{
	CHECK_CASE(no_name_ends_a_script);
	CHECK_CASE(table_is_consistent);
	CHECK_CASE(format_is_told_by_the_end_of_the_name_alone);
	CHECK_CASE(same_profile_gives_same_bytes);
	CHECK_CASE(an_empty_profile_can_be_written);
	CHECK_CASE(a_full_disk_is_told);
	CHECK_CASE(xml_has_no_byte_that_xml_cannot_have);
	CHECK_CASE(durations_read_well);
	CHECK_CASE(sizes_read_well);
	CHECK_CASE(shares_say_all_and_nothing_only_when_exact);
	return check_status();
}
