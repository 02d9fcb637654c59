// SPDX-License-Identifier: MIT
#include "err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, int code, int ret, const char *format, ...)
{
	va_list args;

	if (!err || err->code)
		return ret;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return ret;
}
