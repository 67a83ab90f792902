/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file_limit.h"

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

void crash__errno_text(int error, char *out, size_t size)
{
	uint64_t limit = crash__file_limit();

	if (error == EFBIG && limit != UINT64_MAX)
		snprintf(out, size, "%s: RLIMIT_FSIZE (ulimit -f) allows %" PRIu64 " bytes", strerror(error),
			 limit);
	else
		snprintf(out, size, "%s", strerror(error));
}

int crash__fail_errno(const char *format, ...)
{
	int error = errno;
	char text[160];
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	length = strlen(detail);
	crash__errno_text(error, text, sizeof text);
	snprintf(detail + length, sizeof detail - length, ": %s", text);
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
