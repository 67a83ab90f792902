/* SPDX-License-Identifier: MIT */
#include "reason.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int reason_set(struct reason *why, int error, const char *format, ...)
{
	va_list arguments;

	if (why == NULL)
		return error;
	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	va_end(arguments);
	return error;
}
