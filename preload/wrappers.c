/* SPDX-License-Identifier: MIT */
/*
 * wrappers.c - one function for each row of calls.def that can be made from the row.
 *
 * A wrapper hands libc's arguments to crash__op() in the kernel's order, and turns the kernel's
 * answer into libc's. Nothing else may be done here.
 */
#include "preload/shim.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

/* Argument lists of different lengths, each widened to the kernel's registers. */
#define LONG(x) ((long)(x))
#define ARGS1(a)                                                                                             \
	{                                                                                                    \
		LONG(a)                                                                                      \
	}
#define ARGS2(a, b)                                                                                          \
	{                                                                                                    \
		LONG(a), LONG(b)                                                                             \
	}
#define ARGS3(a, b, c)                                                                                       \
	{                                                                                                    \
		LONG(a), LONG(b), LONG(c)                                                                    \
	}
#define ARGS4(a, b, c, d)                                                                                    \
	{                                                                                                    \
		LONG(a), LONG(b), LONG(c), LONG(d)                                                           \
	}
#define ARGS5(a, b, c, d, e)                                                                                 \
	{                                                                                                    \
		LONG(a), LONG(b), LONG(c), LONG(d), LONG(e)                                                  \
	}
#define ARGS6(a, b, c, d, e, f)                                                                              \
	{                                                                                                    \
		LONG(a), LONG(b), LONG(c), LONG(d), LONG(e), LONG(f)                                         \
	}
#define COUNTED(_1, _2, _3, _4, _5, _6, name, ...) name
#define ARGS(...) COUNTED(__VA_ARGS__, ARGS6, ARGS5, ARGS4, ARGS3, ARGS2, ARGS1, )(__VA_ARGS__)

#define WRAPPER(symbol, kernel, type, parameters, arguments)                                                 \
	CRASH__EXPORT type symbol parameters;                                                                \
	type symbol parameters                                                                               \
	{                                                                                                    \
		long args[6] = ARGS arguments;                                                               \
		int saved = errno;                                                                           \
		long result = crash__op(CRASH__CALL_##symbol, CRASH__CALL_##kernel, args,                    \
					CRASH__ROUTE_SYMBOL, CRASH__CALLER());                               \
                                                                                                             \
		errno = saved;                                                                               \
		return (type)crash__result(result);                                                          \
	}

#define CALL(name, FAMILY, where, FLAGS, type, parameters, arguments, sentence)                              \
	WRAPPER(name, name, type, parameters, arguments)
#define TWIN(symbol, kernel, type, parameters, arguments) WRAPPER(symbol, kernel, type, parameters, arguments)
#define ALIAS(symbol, kernel, type, parameters, arguments)                                                   \
	WRAPPER(symbol, kernel, type, parameters, arguments)
#define RAW(...)
#define MEMORY(...)
#define OWN(...)
#define HAND(...)
#include "common/calls.def"
