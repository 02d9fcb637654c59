// SPDX-License-Identifier: MIT
/* Linker names made readable, and names that are bombs. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../symbols/cases.c"
#include "demangle.h"

static char result[DEMANGLE_ROOM];

static const char *readable(const char *mangled)
{
	return demangle(mangled, result) ? result : "";
}

static void check_table(const char *const (*table)[2], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *is = readable(table[i][0]);

		if (strcmp(is, table[i][1]) != 0)
			case_fail(__FILE__, __LINE__, "%s is \"%s\", should be \"%s\"", table[i][0],
				  is, table[i][1]);
		if (*is && strlen(is) != demangle(table[i][0], result))
			case_fail(__FILE__, __LINE__, "%s: wrong length", table[i][0]);
	}
}

static void test_cxx(void)
{
	static const char *const table[][2] = {
		{ "_Z3foov", "foo()" },
		{ "_ZN2ns3Foo3barEi", "ns::Foo::bar(int)" },
		{ "_ZNK3Foo3getEv", "Foo::get() const" },
		{ "_ZNSt6vectorIiSaIiEE9push_backERKi",
		  "std::vector<int, std::allocator<int> >::push_back(int const&)" },
		{ "_ZN3FooD1Ev", "Foo::~Foo()" },
		{ "_Z3addILi3EEii", "int add<3>(int)" },
		{ "_Z3foov.cold", "foo() [clone .cold]" },
		{ "_Z3foov.part.0", "foo() [clone .part.0]" },
		{ "_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const" },
		{ "_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo()" },
	};

	check_table(table, sizeof(table) / sizeof(table[0]));
}

static void test_rust(void)
{
	static const char *const table[][2] = {
		{ "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
		  "core::fmt::Write::write_fmt" },
		{ "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar"
		  "17h930b740aa94f1d3aE",
		  "<Test + 'static as foo::Bar<Test>>::bar" },
		{ "_RNvC6_123foo3bar", "123foo::bar" },
		{ "_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar" },
		{ "_RINvNtC3std3mem8align_ofjE", "std::mem::align_of::<usize>" },
	};

	check_table(table, sizeof(table) / sizeof(table[0]));
}

static void test_d(void)
{
	static const char *const table[][2] = {
		{ "_D8demangle4testFZv", "demangle.test()" },
		{ "_Dmain", "D main" },
		{ "_Dmainly", "" },
		{ "_DYNAMIC", "" },
		/* as gdc 12 wrote them, and as binutils' c++filt reads them */
		{ "_D3std3uni__T10MultiArrayTSQzQx__T9BitPackedTkVmi8ZQrTSQCbQCa__TQBeTkV"
		  "mi13ZQBpTSQDaQCz__TQCdTbVmi1ZQCnZQDm__T7raw_ptrVmi2ZQnMNgFNaNbNdNiZPNg"
		  "m",
		  "std.uni.MultiArray!(std.uni.BitPacked!(uint, 8uL).BitPacked, std.uni.B"
		  "itPacked!(uint, 13uL).BitPacked, std.uni.BitPacked!(bool, 1uL).BitPack"
		  "ed).MultiArray.raw_ptr!(2uL).raw_ptr() inout" },
		{ "_D3fooFPUiZvDOxFNbZAaG4fNhG4fB2ihJkLlYv",
		  "foo(extern(C) void(int) function, char[]() nothrow delegate shared con"
		  "st, float[4], __vector(float[4]), Tuple!(int, ubyte), out uint, lazy l"
		  "ong, ...)" },
		{ "_D3foo3Bar10__postblitMFZv", "foo.Bar.this(this)" },
		{ "_D3foo12__ModuleInfoZ", "ModuleInfo for foo" },
		{ "_D4shop4cart5countFKHAyaiIAAyaZv",
		  "shop.cart.count(ref int[immutable(char)[]], in immutable(char)[][])" },
		{ "_D3foo__T3barVAyaa5_68650a2001VdeN1234P5Vbi1Vai65Vui10VE1ei3VHiiA2i1i2"
		  "i3i4VS1sS2i1nZ3bazFZv",
		  "foo.bar!(\"he\\n \\x01\", -0x1.234p5, true, 'A', '\\u000a', 3, [1:2, 3"
		  ":4], s(1, null)).baz()" },
		{ "_D3foo__T3barS83std3bazZ4quuxFZv", "foo.bar!(std.baz).quux()" },
		{ "_D3foo4testFZ5__S125innerFiZv", "foo.test().inner(int)" },
		{ "_D4shop4cart4Item5opCmpMxFKxSQBbQzQwZi",
		  "shop.cart.Item.opCmp(ref const(shop.cart.Item)) const" },
		{ "_D4shop4cart4mainFZ1fMFNaNbNiNfKSQBfQBd4ItemZd",
		  "shop.cart.main().f(ref shop.cart.Item)" },
		{ "_D4shop4cart4mainFZ__T9__lambda3TiZQnFNaNbNiNfiZi",
		  "shop.cart.main().__lambda3!(int).__lambda3(int)" },
		{ "_D4shop4cart__T4CartTSQuQr4ItemZQr5totalMFDFKQyZdZd",
		  "shop.cart.Cart!(shop.cart.Item).Cart.total(double(ref shop.cart.Item) "
		  "delegate)" },
		{ "_D4shop4cart__T4CartTSQuQr4ItemZQr6__ctorMFNaNbNiNfAQBfZCQCdQCb__TQBzT"
		  "QBxZQCh",
		  "shop.cart.Cart!(shop.cart.Item).Cart.this(shop.cart.Item[])" },
		{ "_D4shop4cart__T4CartTSQuQr4ItemZQr6__vtblZ",
		  "vtable for shop.cart.Cart!(shop.cart.Item).Cart" },
		{ "_D4shop4cart__T4CartTSQuQr4ItemZQr8cheapestFAQyXQBb",
		  "shop.cart.Cart!(shop.cart.Item).Cart.cheapest(shop.cart.Item[]...)" },
	};

	check_table(table, sizeof(table) / sizeof(table[0]));
}

static void test_plain(void)
{
	static const char *const names[] = {
		"main",    "_start", "",       "_",
		"_Z",      "_R",     "_D",     "_Zebra",
		"_Report", "_Draw",  "write",  "__libc_start_main",
		"_ZN",     "_RN",    "Z3foov", "go.uber.org/zap.(*Logger).Info",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_STRING(readable(names[i]), "");
}

static void append(char *to, const char *piece, int times)
{
	to += strlen(to);
	while (times-- > 0)
		to = stpcpy(to, piece);
}

/* 1 s under the sanitizers is generous for any name; `length` tells whether it went through. */
static size_t check_is_quick(const char *what, const char *mangled)
{
	clock_t before = clock();
	size_t length = demangle(mangled, result);

	if (length >= DEMANGLE_ROOM)
		case_fail(__FILE__, __LINE__, "%s: %zu bytes", what, length);
	if (clock() - before > CLOCKS_PER_SEC)
		case_fail(__FILE__, __LINE__, "%s takes %g s", what,
			  (double)(clock() - before) / CLOCKS_PER_SEC);
	return length;
}

/* f(A<int>, A<S0, S0>, ...): each argument is twice as long as the one before. */
static void doubling_cxx(char *name, int levels)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	strcpy(name, "_Z1f1AIiE");
	for (int i = 0; i < levels; i++)
		sprintf(name + strlen(name), "S_IS%c_S%c_E", digits[i], digits[i]);
}

/* Tuples of a tuple and a reference to it; the outermost begins at byte 12 after "_R". */
static void doubling_rust(char *name, int levels)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	strcpy(name, "_RINvC3foo3bar");
	for (int i = 0; i < levels; i++)
		strcat(name, "T");
	strcat(name, "j");
	for (int i = levels - 1; i >= 0; i--)
		sprintf(name + strlen(name), "B%c_E", digits[12 + i]);
	strcat(name, "E");
}

/* Associative arrays from a type to itself, the reference a distance back in base 26. */
static void doubling_d(char *name, int levels)
{
	size_t length = 1; /* of the innermost type */

	strcpy(name, "_D3fooF");
	for (int i = 0; i < levels; i++)
		strcat(name, "H");
	strcat(name, "i");
	for (int i = 0; i < levels; i++) {
		size_t before = strlen(name);

		if (length >= 26)
			sprintf(name + before, "Q%c%c", (char)('A' + length / 26),
				(char)('a' + length % 26));
		else
			sprintf(name + before, "Q%c", (char)('a' + length));
		length += 1 + strlen(name) - before;
	}
	strcat(name, "Zv");
}

static void test_bombs(void)
{
	static void (*const doubling[])(char *name, int levels) = {
		doubling_cxx,
		doubling_rust,
		doubling_d,
	};
	char name[20000];

	for (size_t i = 0; i < 3; i++) {
		/* Small, they are names like others; large, they are given up. */
		doubling[i](name, 5);
		if (check_is_quick(name, name) < 100)
			case_fail(__FILE__, __LINE__, "%s is not demangled", name);
		doubling[i](name, 30);
		CHECK(check_is_quick(name, name) == 0);
	}
}

/* Of these, one level more is twice the work for a reader that tries again what it has tried. */
static void test_attempts(void)
{
	char name[4096] = "_D3foo";

	append(name, "FS1a", 500);
	append(name, "!", 1);
	CHECK(check_is_quick("functions within functions", name) == 0);
	strcpy(name, "_D3foo");
	append(name, "__T1aS11", 60);
	append(name, "Z", 200);
	append(name, "Fv", 1);
	CHECK(check_is_quick("lengths that may be part of a name", name) == 0);
	/* a million million lifetimes, of a type that is not shown */
	CHECK(check_is_quick("lifetimes", "_RNvMINvC1a1bFGzzzzzzz_EuEu3foo") == 0);
	CHECK_STRING(readable("_RNvMINvC1a1bFG5_EuEu3foo"), "<()>::foo");
}

static void test_deep(void)
{
	char *name = calloc(1, 1 << 20);

	CHECK(name);
	strcpy(name, "_Z1f");
	append(name, "P", 100000);
	append(name, "i", 1);
	CHECK(check_is_quick("100 000 pointers", name) == 0);
	strcpy(name, "_Z1f");
	append(name, "P", 500);
	append(name, "i", 1);
	CHECK(check_is_quick("500 pointers", name) > 500);
	strcpy(name, "_Z");
	append(name, "N1a", 300);
	check_is_quick("nested names", name);
	strcpy(name, "_RNvC3foo");
	append(name, "INv", 2000);
	check_is_quick("nested Rust generics", name);
	strcpy(name, "_RINvC3foo3bar");
	append(name, "T", 8000);
	check_is_quick("nested Rust tuples", name);
	strcpy(name, "_D3fooF");
	append(name, "P", 900);
	append(name, "iZv", 1);
	check_is_quick("900 D pointers", name);
	free(name);
}

static void test_noise(void)
{
	static const char alphabet[] = "NIESt_0123456789aiPRKFLTXDvuC$.BQHsz";
	static const char *const heads[] = { "_Z", "_R", "_D", "_ZN", "_RNv", "_D3foo" };
	uint64_t seed = 7;
	char name[300];

	for (int round = 0; round < 20000; round++) {
		size_t length = 8 + random_next(&seed) % 280, at;

		strcpy(name, heads[random_next(&seed) % 6]);
		for (at = strlen(name); at < length; at++)
			name[at] = alphabet[random_next(&seed) % (sizeof(alphabet) - 1)];
		name[at] = '\0';
		check_is_quick("noise", name);
	}
}

/* nm shares the demangler, but not our way of calling it: bounds, order, options. */
static void test_library(void)
{
	const char *path = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6";
	const char *names = temp_path("names"), *filtered = temp_path("filtered");
	char *name_text, *filtered_text, *name_next, *filtered_next;
	size_t count = 0;

	if (shell("test -r '%s'", path) || !have_command("nm"))
		case_skip("no libstdc++ or no nm");
	CHECK(shell("nm -pD --defined-only '%s' | cut -c20- | sed 's/@.*//' > '%s'", path, names) ==
	      0);
	CHECK(shell("nm -pDC --defined-only '%s' | cut -c20- | sed 's/@.*//' > '%s'", path,
		    filtered) == 0);
	name_next = name_text = file_read(names, NULL);
	filtered_next = filtered_text = file_read(filtered, NULL);
	for (;;) {
		char *name = strsep(&name_next, "\n"), *should = strsep(&filtered_next, "\n");

		if (!name_next || !filtered_next)
			break;
		if (!demangle(name, result))
			snprintf(result, sizeof(result), "%s", name);
		CHECK_STRING(result, should);
		count++;
	}
	printf("%zu names\n", count);
	CHECK(count > 1000);
	free(name_text);
	free(filtered_text);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "demangle: C++", test_cxx },
		{ "demangle: Rust, legacy and v0, without hashes", test_rust },
		{ "demangle: D", test_d },
		{ "demangle: names that are not mangled", test_plain },
		{ "demangle: names that explode", test_bombs },
		{ "demangle: names that are tried twice at every level", test_attempts },
		{ "demangle: names nested deep", test_deep },
		{ "demangle: noise", test_noise },
		{ "demangle: libstdc++'s names as nm -C has them", test_library },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
