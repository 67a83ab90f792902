/* SPDX-License-Identifier: MIT */
#include "common/say.h"

#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/sys.h"

void crash__say(const char *first, ...)
{
	char line[1024];
	size_t length = 0;
	va_list rest;

	va_start(rest, first);
	for (const char *text = first; text; text = va_arg(rest, const char *)) {
		size_t more = strnlen(text, sizeof line - length);

		memcpy(line + length, text, more);
		length += more;
	}
	va_end(rest);
	crash__sys3(SYS_write, 2, (long)line, (long)length);
}

const char *crash__decimal(char *buffer, size_t size, uint64_t number)
{
	char *at = buffer + size - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number && at > buffer);
	return at;
}
