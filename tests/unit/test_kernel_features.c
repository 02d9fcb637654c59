// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "image.h"
#include "kernel_features.h"

static bool tells(const char *text)
{
	int fd = memfd_create("kallsyms", MFD_CLOEXEC);
	bool told = write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
		    image_kallsyms_tells(fd);

	close(fd);
	return told;
}

/* Before the newest kernels, per-CPU symbols stand first, and their addresses are small numbers. */
static void kallsyms_on_any_kernel(void)
{
	CHECK(tells("0000000000000000 A fixed_percpu_data\n"
		    "0000000000001000 A cpu_debug_store\n"
		    "ffffffff81000000 T startup_64\n"));
	CHECK(tells("ffffffff81000000 T _text\n"));
	CHECK(!tells("0000000000000000 A fixed_percpu_data\n"
		     "0000000000000000 T startup_64\n"));
	CHECK(!tells("0000000000001000 A cpu_debug_store\n"));
	CHECK(!tells(""));
}

int main(void)
{
	CHECK_CASE(kallsyms_on_any_kernel);
	return check_status();
}
