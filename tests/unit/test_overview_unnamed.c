// SPDX-License-Identifier: MIT
/* exporters/overview_unnamed.c: where frames without a name are, why, and what would name them. */
#include "../../exporters/overview.h"
#include "check.h"
#include "handmade.h"
#include "mem.h"

static struct handmade h;

static void make_profile(void)
{
	handmade_init(&h);
	handmade_process(&h, 100, "a\033pp");
	handmade_thread(&h, 100, "app");
	h.profile.quality.frames_ns = 1000;
}

static void add_image(const char *path, nsec_t unnamed_ns, const char *why)
{
	struct profile_image *image = &h.images[h.profile.image_count++];

	image->path = handmade_string(&h, path);
	image->why = handmade_string(&h, why);
	image->unnamed_ns = unnamed_ns;
	h.profile.quality.unnamed_ns += unnamed_ns;
}

static char *printed(unsigned max)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	overview_print_unnamed(handmade_seal(&h), max, 2, out);
	fclose(out);
	return text;
}

static void make_mixed(void)
{
	make_profile();
	h.images[0].unnamed_ns = 150;
	h.profile.quality.unnamed_ns = 150;
	h.processes[0].anonymous_ns = 120;
	h.processes[0].anonymous_why =
		handmade_string(&h, "/tmp/perf-100.map: owned by another user");
	add_image("/lib/little.so", 10, "deleted");
	add_image("/bin/e\nvil", 200, "strip\nped");
	add_image("/lib/b.so", 130, "stripped");
	add_image("/lib/c.so", 0, "");
	add_image("/lib/d.so", 6, "");
	add_image("/lib/e.so", 4, "");
	h.images[2].debug_file = h.images[3].debug_file = handmade_string(&h, "/usr/lib/debug/x");
	h.images[3].debug_package = handmade_string(&h, "b-dbgsym");
}

static void the_worst_come_first(void)
{
	_cleanup_free_ char *text = NULL;

	make_mixed();
	text = printed(3);
	CHECK_TEXT(text, "  20.0 %  /bin/e?vil: strip?ped; lacks /usr/lib/debug/x\n"
			 "  13.0 %  /lib/b.so: stripped; install b-dbgsym\n"
			 "  12.0 %  a?pp (pid 100), in memory of no file: "
			 "/tmp/perf-100.map: owned by another user\n"
			 "   5.0 %  in 4 more\n");
}

static void what_is_little_is_a_number(void)
{
	_cleanup_free_ char *text = NULL;

	make_mixed();
	text = printed(20);
	CHECK_CONTAINS(text, "\n   3.0 %  in no mapping\n   1.0 %  /lib/little.so: deleted\n"
			     "   0.6 %  /lib/d.so\n   0.4 %  in 1 more\n");
}

/* At least one row where enough is unnamed, though each image has little. */
static void many_little_ones(void)
{
	_cleanup_free_ char *text = NULL;

	make_profile();
	for (int i = 0; i < 4; i++)
		add_image("/lib/same.so", 2, "");
	text = printed(3);
	CHECK_TEXT(text, "   0.2 %  /lib/same.so\n   0.6 %  in 3 more\n");
}

static void nothing_where_nearly_all_has_a_name(void)
{
	_cleanup_free_ char *text = NULL, *none = NULL;

	make_profile();
	add_image("/lib/a.so", 5, "");
	text = printed(3);
	CHECK_TEXT(text, "");
	make_profile();
	h.profile.quality.frames_ns = 0;
	none = printed(3);
	CHECK_TEXT(none, "");
}

int main(void)
{
	CHECK_CASE(the_worst_come_first);
	CHECK_CASE(what_is_little_is_a_number);
	CHECK_CASE(many_little_ones);
	CHECK_CASE(nothing_where_nearly_all_has_a_name);
	return check_status();
}
