/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char detail[CRASH__DETAIL];

static const struct {
	int code;
	const char *message;
} errors[] = {
#define CRASH_ERROR(NAME, value, message) {CRASH_##NAME, message},
#include <crashinject/errors.def>
#undef CRASH_ERROR
};

int crash__fail(int code, const char *format, ...)
{
	assert(code < 0); /* 0 would be success, and its caller goes on with what is not there */
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	return code;
}

int crash__fail_errno(const char *format, ...)
{
	int error = errno;
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	length = strlen(detail);
	snprintf(detail + length, sizeof detail - length, ": %s", strerror(error));
	return error == ENOMEM ? CRASH_ENOMEM : CRASH_ESYSTEM;
}

void crash__failure_note(struct crash__failure *failure, int code)
{
	if (failure->code)
		return;
	failure->code = code;
	snprintf(failure->detail, sizeof failure->detail, "%s", detail);
}

int crash__failure_say(const struct crash__failure *failure)
{
	return failure->code ? crash__fail(failure->code, "%s", failure->detail) : 0;
}

void crash__fail_clear(void)
{
	detail[0] = '\0';
}

const char *crash_strerror(int error)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == error)
			return errors[i].message;
	return error == 0 ? "success" : "unknown error";
}

const char *crash_error_detail(void)
{
	return detail;
}

const char *crash_version(void)
{
	return PACKAGE_VERSION;
}
