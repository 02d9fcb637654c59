// SPDX-License-Identifier: MIT
/* src/debian.c: dpkg's lists and apt's, as they are found on a Debian. */
#include "debian.h"

#include "check.h"
#include "mem.h"
#include "scratch.h"

#define DPKG "var/lib/dpkg/info/"
#define APT  "var/lib/apt/lists/"

#define ID_A "aa11000000000000000000000000000000000001"
#define ID_B "bb11000000000000000000000000000000000001"

/* The package of one file, or "". */
static const char *package_of(const char *path, const char *build_id, bool *ret_by_build_id)
{
	static char name[256];
	struct debian_wanted wanted[] = { { "/nowhere", "00", NULL, false },
					  { path, build_id, NULL, false } };

	debian_find_packages(scratch_directory, wanted, 2);
	CHECK(!wanted[0].package);
	snprintf(name, sizeof(name), "%s", wanted[1].package ? wanted[1].package : "");
	if (ret_by_build_id)
		*ret_by_build_id = wanted[1].by_build_id;
	free(wanted[1].package);
	return name;
}

static void nothing_is_there(void)
{
	CHECK_TEXT(package_of("/usr/bin/a", ID_A, NULL), "");
	debian_find_packages(scratch_directory, NULL, 0);
}

static void make_lists(void)
{
	scratch_write(DPKG "tool.list", "/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/bin/a-longer\n");
	scratch_write(DPKG "liba1:amd64.list", "/.\n/lib\n/lib/x86_64-linux-gnu/liba.so.1.2\n");
	scratch_write(DPKG "last.list", "/usr/bin/no-newline");
	scratch_write(DPKG "empty.list", "");
	scratch_write(DPKG "tool.md5sums", "/usr/bin/other\n");
}

static void the_owner_is_found(void)
{
	bool by_build_id = true;

	make_lists();
	CHECK_TEXT(package_of("/usr/bin/a", ID_A, &by_build_id), "tool-dbgsym");
	CHECK(!by_build_id);
	CHECK_TEXT(package_of("/usr/bin/no-newline", ID_A, NULL), "last-dbgsym");
	/* /lib is a link to /usr/lib */
	CHECK_TEXT(package_of("/usr/lib/x86_64-linux-gnu/liba.so.1.2", ID_A, NULL), "liba1-dbgsym");
	CHECK_TEXT(package_of("/lib/x86_64-linux-gnu/liba.so.1.2", ID_A, NULL), "liba1-dbgsym");
	CHECK_TEXT(package_of("/usr/bin/other", ID_A, NULL), "");
	CHECK_TEXT(package_of("/usr/bin/a-long", ID_A, NULL), "");
	CHECK_TEXT(package_of("/usr", ID_A, NULL), "tool-dbgsym");
	CHECK_TEXT(package_of("", ID_A, NULL), "");
}

static void the_build_id_tells_more(void)
{
	_cleanup_free_ char *ids = mem_alloc_array(5000, sizeof(ID_A));
	_cleanup_free_ char *list = NULL;
	bool by_build_id = false;

	/* As many as a kernel's modules have, and the wanted one is the last. */
	for (size_t i = 0; i < 4999; i++)
		sprintf(ids + i * sizeof(ID_A), "%040zx ", i);
	strcat(ids, ID_A);
	list = mem_format("Package: tool-other\nBuild-Ids: x" ID_A " " ID_A "1\n\n"
			  "Package: tool-dbg\nDescription: " ID_A "\nBuild-Ids: %s\n\n"
			  "Package: later\nBuild-Ids: " ID_B "\n",
			  ids);
	make_lists();
	scratch_write(APT "debug_main_binary-amd64_Packages", list);
	scratch_write(APT "debug_InRelease", "Package: wrong\nBuild-Ids: " ID_A "\n");
	CHECK_TEXT(package_of("/usr/bin/a", ID_A, &by_build_id), "tool-dbg");
	CHECK(by_build_id);
	CHECK_TEXT(package_of("/usr/bin/a", ID_B, NULL), "later");
	CHECK_TEXT(package_of("/usr/bin/a", "cc11", NULL), "tool-dbgsym");
	/* what no package owns was not built from one */
	CHECK_TEXT(package_of("/opt/a", ID_A, NULL), "");
}

/* Lines longer than what is read at a time, and names that are none. */
static void odd_lists(void)
{
	size_t size = (size_t)3 << 20;
	_cleanup_free_ char *list = mem_alloc(size + 400);

	memset(list, 'x', size);
	memcpy(list, "Package: first\n", 15);
	strcpy(list + size, "\nPackage: second\nBuild-Ids: " ID_A "\n");
	make_lists();
	scratch_write(APT "debug_main_binary-amd64_Packages", list);
	CHECK_TEXT(package_of("/usr/bin/a", ID_A, NULL), "second");
	/* no end to it */
	list[size + strlen(list + size) - 1] = '\0';
	scratch_write(APT "debug_main_binary-amd64_Packages", list);
	CHECK_TEXT(package_of("/usr/bin/a", ID_A, NULL), "tool-dbgsym");
	memset(list, 'x', 300);
	memcpy(list, "Package: ", 9);
	strcpy(list + 300, "\nBuild-Ids: " ID_A "\n");
	scratch_write(APT "debug_main_binary-amd64_Packages", list);
	CHECK_INT(strlen(package_of("/usr/bin/a", ID_A, NULL)), 200);
}

static void case_in_scratch(const char *name, void (*run)(void))
{
	scratch_make();
	check_case(name, run);
	scratch_remove();
}

int main(void)
{
	case_in_scratch("nothing_is_there", nothing_is_there);
	case_in_scratch("the_owner_is_found", the_owner_is_found);
	case_in_scratch("the_build_id_tells_more", the_build_id_tells_more);
	case_in_scratch("odd_lists", odd_lists);
	return check_status();
}
