// SPDX-License-Identifier: MIT
/* demangle_d_type.c - D's types, and what its functions say of themselves. */
#include "demangle_d_reader.h"

static bool starts_function(char c)
{
	return c && strchr("FUWVRY", c);
}

/* --- functions -------------------------------------------------------------------------------- */

static void read_modifiers(struct d_reader *r)
{
	for (;;) {
		if (d_take(r, "O"))
			d_put(r, " shared");
		else if (d_take(r, "Ng"))
			d_put(r, " inout");
		else
			break;
	}
	if (d_take(r, "x"))
		d_put(r, " const");
	else if (d_take(r, "y"))
		d_put(r, " immutable");
}

static void read_convention(struct d_reader *r)
{
	static const char *const shown[] = { "",
					     "extern(C) ",
					     "extern(Windows) ",
					     "extern(Pascal) ",
					     "extern(C++) ",
					     "extern(Objective-C) " };
	static const char letters[] = "FUWVRY";

	if (!starts_function(*r->at))
		d_fail(r);
	else
		d_put(r, shown[strchr(letters, *r->at++) - letters]);
}

static void read_attributes(struct d_reader *r)
{
	static const struct {
		const char *mangled, *shown;
	} attributes[] = {
		{ "Na", "pure " },	{ "Nb", "nothrow " },  { "Nc", "ref " },
		{ "Nd", "@property " }, { "Ne", "@trusted " }, { "Nf", "@safe " },
		{ "Ni", "@nogc " },	{ "Nj", "return " },   { "Nl", "scope " },
		{ "Nm", "@live " },
	};
	size_t i;

	do {
		for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
			if (d_take(r, attributes[i].mangled)) {
				d_put(r, attributes[i].shown);
				break;
			}
	} while (i < sizeof(attributes) / sizeof(attributes[0]));
}

static void read_argument(struct d_reader *r)
{
	if (d_take(r, "M"))
		d_put(r, "scope ");
	if (d_take(r, "Nk"))
		d_put(r, "return ");
	if (d_take(r, "IK"))
		d_put(r, "in ref ");
	else if (d_take(r, "I"))
		d_put(r, "in ");
	else if (d_take(r, "J"))
		d_put(r, "out ");
	else if (d_take(r, "K"))
		d_put(r, "ref ");
	else if (d_take(r, "L"))
		d_put(r, "lazy ");
	d_read_type(r);
}

static void read_arguments(struct d_reader *r)
{
	d_put(r, "(");
	for (bool first = true; !r->bad && !d_take(r, "Z"); first = false) {
		if (d_take(r, "X")) {
			d_put(r, "...");
			break;
		}
		if (!first)
			d_put(r, ", ");
		if (d_take(r, "Y")) {
			d_put(r, "...");
			break;
		}
		read_argument(r);
	}
	d_put(r, ")");
}

/* The convention, attributes, arguments, what it returns; shown with these last three turned. */
static void read_function_type(struct d_reader *r)
{
	size_t attributes, arguments, type;

	read_convention(r);
	attributes = r->length;
	read_attributes(r);
	arguments = r->length;
	read_arguments(r);
	d_put(r, " ");
	type = r->length;
	d_read_type(r);
	d_swap(r, arguments, type, r->length);
	d_swap(r, attributes, arguments, r->length);
	/* now: type, arguments, attributes */
}

void d_read_function_suffix(struct d_reader *r, bool with_modifiers)
{
	const struct d_reader before = *r;
	size_t modifiers = r->length, arguments;

	if (r->bad || (*r->at != 'M' && !starts_function(*r->at)))
		return;
	if (d_take(r, "M"))
		read_modifiers(r);
	if (!with_modifiers)
		r->length = modifiers;
	arguments = r->length;
	read_convention(r);
	read_attributes(r);
	if (!r->bad)
		r->length = arguments; /* neither is shown */
	read_arguments(r);
	d_swap(r, modifiers, arguments, r->length);
	if (r->bad || !*r->at) /* more has to follow: its type, at least */
		d_go_back(r, &before);
}

/* --- types ------------------------------------------------------------------------------------ */

static void read_wrapped_type(struct d_reader *r, const char *before)
{
	d_put(r, before);
	d_read_type(r);
	d_put(r, ")");
}

/* Of a key and a value: the value comes first. */
static void read_associative_array(struct d_reader *r)
{
	size_t key = r->length, value;

	d_put(r, "[");
	d_read_type(r);
	d_put(r, "]");
	value = r->length;
	d_read_type(r);
	d_swap(r, key, value, r->length);
}

static void read_static_array(struct d_reader *r)
{
	const char *digits = r->at;
	size_t count = strspn(digits, "0123456789");

	r->at += count;
	d_read_type(r);
	d_put(r, "[");
	d_put_bytes(r, digits, count);
	d_put(r, "]");
}

static void read_tuple(struct d_reader *r)
{
	uint32_t count = d_take_number(r);

	d_put(r, "Tuple!(");
	for (uint32_t i = 0; i < count && !r->bad; i++) {
		if (i)
			d_put(r, ", ");
		d_read_type(r);
	}
	d_put(r, ")");
}

static void read_type_reference(struct d_reader *r, void (*read)(struct d_reader *r))
{
	size_t limit = r->ref_limit, here = (size_t)(r->at - r->start);
	const char *end, *target = d_reference(r, r->at, &end);

	if (!target || here >= limit) {
		d_fail(r);
		return;
	}
	r->ref_limit = here;
	r->at = target;
	read(r);
	r->ref_limit = limit;
	if (!r->bad)
		r->at = end;
}

static void read_delegate(struct d_reader *r)
{
	size_t modifiers = r->length, type;

	read_modifiers(r);
	type = r->length;
	if (*r->at == 'Q')
		read_type_reference(r, read_function_type);
	else
		read_function_type(r);
	d_put(r, "delegate");
	d_swap(r, modifiers, type, r->length);
}

static void read_basic_type(struct d_reader *r)
{
	static const char *const shown[] = {
		"char",	 "bool",	 "creal",  "double",  "real",	"float",
		"byte",	 "ubyte",	 "int",	   "ireal",   "uint",	"long",
		"ulong", "typeof(null)", "ifloat", "idouble", "cfloat", "cdouble",
		"short", "ushort",	 "wchar",  "void",    "dchar",
	};
	char letter = *r->at;

	if (d_take(r, "zi"))
		d_put(r, "cent");
	else if (d_take(r, "zk"))
		d_put(r, "ucent");
	else if (letter < 'a' || letter > 'w')
		d_fail(r);
	else
		r->at++, d_put(r, shown[letter - 'a']);
}

static void read_any_type(struct d_reader *r)
{
	if (d_take(r, "O"))
		read_wrapped_type(r, "shared(");
	else if (d_take(r, "x"))
		read_wrapped_type(r, "const(");
	else if (d_take(r, "y"))
		read_wrapped_type(r, "immutable(");
	else if (d_take(r, "Ng"))
		read_wrapped_type(r, "inout(");
	else if (d_take(r, "Nh"))
		read_wrapped_type(r, "__vector(");
	else if (d_take(r, "Nn"))
		d_put(r, "typeof(*null)");
	else if (d_take(r, "A"))
		d_read_type(r), d_put(r, "[]");
	else if (d_take(r, "G"))
		read_static_array(r);
	else if (d_take(r, "H"))
		read_associative_array(r);
	else if (starts_function(*r->at) || (*r->at == 'P' && starts_function(r->at[1])))
		d_take(r, "P"), read_function_type(r), d_put(r, "function");
	else if (d_take(r, "P"))
		d_read_type(r), d_put(r, "*");
	else if (*r->at && strchr("CSET", *r->at))
		r->at++, d_read_qualified(r, false);
	else if (d_take(r, "D"))
		read_delegate(r);
	else if (d_take(r, "B"))
		read_tuple(r);
	else if (*r->at == 'Q')
		read_type_reference(r, d_read_type);
	else
		read_basic_type(r);
}

void d_read_type(struct d_reader *r)
{
	if (!d_enter(r))
		return;
	read_any_type(r);
	d_leave(r);
}
