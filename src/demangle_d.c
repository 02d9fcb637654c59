// SPDX-License-Identifier: MIT
#include "demangle_d.h"

#include "demangle_d_reader.h"

static void read_identifier(struct d_reader *r, size_t from);

static bool starts_template(const char *at)
{
	return strncmp(at, "__T", 3) == 0 || strncmp(at, "__U", 3) == 0;
}

static bool starts_name(const struct d_reader *r)
{
	const char *target, *end;

	if (d_is_digit(*r->at) || starts_template(r->at))
		return true;
	target = *r->at == 'Q' ? d_reference(r, r->at, &end) : NULL;
	return target && d_is_digit(*target);
}

/* --- identifiers ------------------------------------------------------------------------------ */

/* What the compiler makes for a type or module, and says behind its name. */
static const struct {
	const char *name, *shown;
} artificial[] = {
	{ "__initZ", "initializer for " },	{ "__vtblZ", "vtable for " },
	{ "__ClassZ", "ClassInfo for " },	{ "__InterfaceZ", "Interface for " },
	{ "__ModuleInfoZ", "ModuleInfo for " },
};

/* `length` bytes; `from`: where the qualified name begins in the text. */
static void take_plain(struct d_reader *r, size_t length, size_t from)
{
	const char *name = r->at;

	if (strnlen(name, length) < length) {
		d_fail(r);
		return;
	}
	r->at += length;
	for (size_t i = 0; i < sizeof(artificial) / sizeof(artificial[0]); i++) {
		size_t end = r->length;

		if (length + 1 != strlen(artificial[i].name) ||
		    strncmp(name, artificial[i].name, length + 1) != 0)
			continue;
		if (end > from)
			end = --r->length; /* the dot */
		d_put(r, artificial[i].shown);
		d_swap(r, from, end, r->length);
		return;
	}
	if (length == 6 && !strncmp(name, "__ctor", 6))
		d_put(r, "this");
	else if (length == 6 && !strncmp(name, "__dtor", 6))
		d_put(r, "~this");
	else if (length == 10 && !strncmp(name, "__postblit", 10) && d_take(r, "MFZ"))
		d_put(r, "this(this)");
	else
		d_put_bytes(r, name, length);
}

static void take_external(struct d_reader *r)
{
	uint32_t length = d_take_number(r);

	if (strnlen(r->at, length) < length) {
		d_fail(r);
		return;
	}
	d_put_bytes(r, r->at, length);
	r->at += length;
}

/*
 * A symbol as argument. Compilers before 2.077 wrote its length before it, which has run into the
 * length of its first name: where the one ends is what fits.
 */
static void read_symbol_argument(struct d_reader *r)
{
	const struct d_reader before = *r;
	const char *digits = r->at;
	size_t count = strspn(digits, "0123456789");

	for (; count; count--) {
		uint64_t length = 0;

		for (size_t i = 0; i < count; i++)
			length = length > UINT32_MAX ? length
						     : length * 10 + (uint64_t)(digits[i] - '0');
		r->at = digits + count;
		if (starts_name(r))
			d_read_qualified(r, false);
		else if (!strncmp(r->at, "_D", 2))
			d_read_symbol(r);
		if (!r->bad && (uint64_t)(r->at - digits) - count == length)
			return;
		d_go_back(r, &before);
	}
	if (!strncmp(r->at, "_D", 2))
		d_read_symbol(r);
	else
		d_read_qualified(r, false);
}

static void read_value_argument(struct d_reader *r)
{
	const char *target = r->at, *end;
	size_t from = r->length;

	if (*target == 'Q')
		target = d_reference(r, r->at, &end);
	if (!target) {
		d_fail(r);
		return;
	}
	d_read_type(r);
	if (!r->bad && *r->at != 'S') /* which is shown as the type's name and its fields */
		r->length = from;
	d_read_value(r, *target);
}

static void read_template_arguments(struct d_reader *r)
{
	for (bool first = true; !r->bad && !d_take(r, "Z"); first = false) {
		if (!first)
			d_put(r, ", ");
		d_take(r, "H"); /* specialized */
		if (d_take(r, "S"))
			read_symbol_argument(r);
		else if (d_take(r, "T"))
			d_read_type(r);
		else if (d_take(r, "V"))
			read_value_argument(r);
		else if (d_take(r, "X"))
			take_external(r);
		else
			d_fail(r);
	}
}

/* `length`: what the name says that it takes; 0: it does not. */
static void read_template(struct d_reader *r, size_t length)
{
	const char *begin = r->at;

	r->at += 3;
	if (!starts_name(r) || *r->at == '0')
		d_fail(r);
	read_identifier(r, r->length);
	d_put(r, "!(");
	read_template_arguments(r);
	d_put(r, ")");
	if (length && (size_t)(r->at - begin) != length)
		d_fail(r);
}

static void read_name_reference(struct d_reader *r, size_t from)
{
	const char *end, *target = d_reference(r, r->at, &end);

	if (!target) {
		d_fail(r);
		return;
	}
	r->at = target;
	take_plain(r, d_take_number(r), from);
	if (!r->bad)
		r->at = end;
}

/* Two things of one name in a function are put into parents of their own, which are not shown. */
static bool is_hidden_parent(const char *at, size_t length)
{
	return length > 3 && !strncmp(at, "__S", 3) && 3 + strspn(at + 3, "0123456789") >= length;
}

static void read_identifier(struct d_reader *r, size_t from)
{
	uint32_t length;

	if (!d_enter(r))
		return;
	if (*r->at == 'Q') {
		read_name_reference(r, from);
	} else if (starts_template(r->at)) {
		read_template(r, 0);
	} else if (!(length = d_take_number(r))) {
		d_fail(r);
	} else if (length > 4 && starts_template(r->at)) {
		read_template(r, length);
	} else if (is_hidden_parent(r->at, length)) {
		r->at += length;
		read_identifier(r, from);
	} else {
		take_plain(r, length, from);
	}
	d_leave(r);
}

void d_read_qualified(struct d_reader *r, bool with_modifiers)
{
	size_t from = r->length;
	bool first = true;

	if (!d_enter(r))
		return;
	do {
		if (*r->at == '0') { /* without a name */
			r->at += strspn(r->at, "0");
			continue;
		}
		if (!first)
			d_put(r, ".");
		first = false;
		read_identifier(r, from);
		d_read_function_suffix(r, with_modifiers);
	} while (!r->bad && starts_name(r));
	d_leave(r);
}

/* Its type, or what it returns, is read and not shown. */
void d_read_symbol(struct d_reader *r)
{
	size_t length;

	if (!d_take(r, "_D") || !starts_name(r)) {
		d_fail(r);
		return;
	}
	d_read_qualified(r, true);
	if (r->bad || d_take(r, "Z"))
		return;
	length = r->length;
	d_read_type(r);
	if (!r->bad)
		r->length = length;
}

size_t demangle_d(const char *mangled, char *text, size_t room)
{
	struct d_reader r = {
		.start = mangled,
		.at = mangled,
		.text = text,
		.room = room,
		.ref_limit = strlen(mangled),
		.steps = D_STEPS_MAX,
	};

	if (d_take(&r, "_Dmain") && !*r.at) {
		d_put(&r, "D main");
	} else {
		r.at = mangled;
		d_read_symbol(&r);
	}
	return r.bad || *r.at ? 0 : r.length;
}
