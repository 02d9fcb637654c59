// SPDX-License-Identifier: MIT
#include "mem.h"

#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

struct pair {
	int a, b;
};

static void array_is_zeroed_and_kept(void)
{
	ARRAY(struct pair) array = { 0 };
	bool good = true;

	for (int i = 0; i < 1000; i++) {
		struct pair *pair = array_push(&array);

		good &= pair->a == 0 && pair->b == 0;
		*pair = (struct pair){ i, -i };
	}
	CHECK(good);
	CHECK_INT(array.count, 1000);
	for (int i = 0; i < 1000; i++)
		good &= array.items[i].a == i && array.items[i].b == -i;
	CHECK(good);
	array_free(&array);
	CHECK(!array.items && !array.count && !array.room);
}

static void nothing_is_something(void)
{
	_cleanup_free_ void *none = mem_alloc(0);
	_cleanup_free_ void *array = mem_alloc_array(0, 8);
	_cleanup_free_ void *resized = mem_resize_array(NULL, 0, 8);

	CHECK(none && array && resized);
}

static void text_is_formatted(void)
{
	_cleanup_free_ char *text = mem_format("%s-%d", "a", 7);
	_cleanup_free_ char *copy = mem_copy_string(text);

	CHECK_TEXT(copy, "a-7");
	CHECK(copy != text);
}

/* What a child that does `run` ends with; its message goes nowhere. */
static int status_of(void (*run)(void))
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		close(STDERR_FILENO);
		run();
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void overflow(void)
{
	mem_resize_array(NULL, SIZE_MAX / 4, 16);
}

static void overflow_ends_the_process(void)
{
	CHECK_INT(status_of(overflow), 1);
}

int main(void)
{
	CHECK_CASE(array_is_zeroed_and_kept);
	CHECK_CASE(nothing_is_something);
	CHECK_CASE(text_is_formatted);
	CHECK_CASE(overflow_ends_the_process);
	return check_status();
}

/* The sanitizer's allocator would end the process with a report where malloc() returns NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
