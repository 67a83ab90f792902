/* SPDX-License-Identifier: MIT */
/*
 * breakpoint.h - name the places in storage code where a crash is interesting.
 *
 *     #include <crashinject/breakpoint.h>
 *
 *     write_all(fd, frame, half);
 *     CRASH_BREAKPOINT("wal.mid-frame");
 *     write_all(fd, frame + half, rest);
 *
 * This header goes into the tested code and needs no library: in production a
 * breakpoint is one load and one branch that is never taken. When crashinject
 * runs the program and its rules name the point, the program dies there.
 *
 * A name consists of letters, digits and the characters . _ - / and is neither
 * empty nor the name of a call or call family ("write", "fsync", ...).
 * Two breakpoints with one name are two hits of one point.
 *
 * -DCRASH_DISABLE removes all of it. On anything but Linux with gcc or clang, and
 * on machines that have no header in crashinject/machine/, the macros compile to
 * nothing as well.
 *
 * Method. Each CRASH_BREAKPOINT() puts a struct crash_site into the linker
 * section "crash_sites" of its program or shared library and tests the site's
 * `armed` word. A constructor hands the section to crash__attach(), which is
 * the preloaded shim's, or libcrashpoint's in a static program. With neither,
 * nobody ever sets `armed`. Site and code are tied by inline assembly and not
 * by a static variable because a variable in a named section cannot live in a
 * C++ inline function or template; the same reason as in sdt.h. Addresses come
 * from the GOT because a plain weak reference is resolved to 0 at link time in
 * a program that is not position independent.
 */
#ifndef CRASHINJECT_BREAKPOINT_H
#define CRASHINJECT_BREAKPOINT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Version of struct crash_site; a shim ignores sites of a version it does not know. Programs keep the records
 * that they were compiled with: a record that is laid out or means otherwise is another version, and is made
 * only when the shim, libcrashpoint and the command know both.
 */
#define CRASH_SITE_VERSION 0x43523031u /* "CR01" */

/**
 * One CRASH_BREAKPOINT() as the linker laid it down. `name` and `file` are
 * distances in bytes from the member itself to a NUL-terminated string, so
 * that the record needs no relocation and can be read from a file.
 */
struct crash_site {
	int32_t name;
	int32_t file;
	uint32_t line;
	uint32_t version;
	uint32_t armed; /* nonzero: a hit calls crash__hit() */
	uint32_t slot;	/* belongs to whoever attached the site */
};

#if defined(__cplusplus) && __cplusplus >= 201103L
#define CRASH__LAYOUT(condition)                                                                             \
	static_assert(condition, "CRASH_SITE_VERSION is of another struct crash_site")
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define CRASH__LAYOUT(condition)                                                                             \
	_Static_assert(condition, "CRASH_SITE_VERSION is of another struct crash_site")
#endif
#ifdef CRASH__LAYOUT
CRASH__LAYOUT(sizeof(struct crash_site) == 24);
CRASH__LAYOUT(offsetof(struct crash_site, name) == 0);
CRASH__LAYOUT(offsetof(struct crash_site, file) == 4);
CRASH__LAYOUT(offsetof(struct crash_site, line) == 8);
CRASH__LAYOUT(offsetof(struct crash_site, version) == 12);
CRASH__LAYOUT(offsetof(struct crash_site, armed) == 16);
CRASH__LAYOUT(offsetof(struct crash_site, slot) == 20);
#undef CRASH__LAYOUT
#endif

/*
 * The instructions are the machine's: its header defines CRASH__ADDRESS() and CRASH__SITE().
 * CRASH__SITES_ONLY is the other end of this header, and struct crash_site all that it wants.
 */
#if defined(CRASH__SITES_ONLY) || defined(CRASH_DISABLE) || !defined(__linux__) || !defined(__GNUC__)
#elif defined(__x86_64__) && !defined(__ILP32__)
#include "machine/x86_64.h"
#elif defined(__aarch64__) && !defined(__ILP32__) && defined(__has_include)
#if __has_include("machine/aarch64.h")
#include "machine/aarch64.h"
#endif
#endif

#if defined(CRASH__SITES_ONLY)
#elif defined(CRASH__SITE)

/**
 * Marks a crash point.
 * @param name a string literal
 *
 * Does nothing unless crashinject runs the program. Preserves errno.
 * Async-signal-safe, thread-safe.
 */
#define CRASH_BREAKPOINT(name)                                                                               \
	do {                                                                                                 \
		struct crash_site *crash__site;                                                              \
		CRASH__SITE(crash__site, name);                                                              \
		if (__builtin_expect(__atomic_load_n(&crash__site->armed, __ATOMIC_RELAXED), 0)) {           \
			void (*crash__function)(struct crash_site *);                                        \
			CRASH__ADDRESS(crash__function, "crash__hit");                                       \
			crash__function(crash__site);                                                        \
		}                                                                                            \
	} while (0)

/**
 * Marks a crash point whose name is made at run time.
 * @param name the point's name, a const char *; not kept
 *
 * Costs a function call when crashinject runs the program, a load and a branch
 * otherwise. Languages with a foreign-function interface look the symbol
 * `crash_breakpoint` up in the running process and skip the call where it is
 * missing. Preserves errno. Async-signal-safe, thread-safe.
 *
 * A macro, so that the backtrace shows the caller's line.
 */
#define crash_breakpoint(name)                                                                               \
	do {                                                                                                 \
		void (*crash__function)(const char *);                                                       \
		CRASH__ADDRESS(crash__function, "crash_breakpoint");                                         \
		if (__builtin_expect(crash__function != NULL, 0))                                            \
			crash__function(name);                                                               \
	} while (0)

/**
 * Acknowledges something: what the program has promised at this moment.
 * @param text  what was acknowledged, a const void *; not kept
 * @param bytes its length
 *
 * The recording keeps acknowledgements in order with the storage operations,
 * and checkers find them in the file that CRASH_ACKED names. What goes to
 * stdout, pipes and sockets is recorded without this call.
 * Preserves errno. Async-signal-safe, thread-safe.
 */
#define crash_ack(text, bytes)                                                                               \
	do {                                                                                                 \
		void (*crash__function)(const void *, size_t);                                               \
		CRASH__ADDRESS(crash__function, "crash_ack");                                                \
		if (__builtin_expect(crash__function != NULL, 0))                                            \
			crash__function(text, bytes);                                                        \
	} while (0)

/** Acknowledges a string: CRASH_ACK("txn 17"). */
#define CRASH_ACK(text) crash_ack((text), __builtin_strlen(text))

extern struct crash_site crash__sites_start __asm__("__start_crash_sites")
	__attribute__((weak, visibility("hidden")));
extern struct crash_site crash__sites_stop __asm__("__stop_crash_sites")
	__attribute__((weak, visibility("hidden")));

/* Each file that includes this header attaches its module; the attacher takes a section once. */
static __attribute__((constructor, used)) void crash__attach_module(void)
{
	void (*attach)(struct crash_site *, struct crash_site *);

	CRASH__ADDRESS(attach, "crash__attach");
	if (attach != NULL && &crash__sites_start != &crash__sites_stop)
		attach(&crash__sites_start, &crash__sites_stop);
}

#else

#define CRASH_BREAKPOINT(name) ((void)sizeof("" name ""))

#define crash_breakpoint(name) ((void)(name))
#define crash_ack(text, bytes) ((void)(text), (void)(bytes))
#define CRASH_ACK(text) ((void)(text))

#endif

#ifdef __cplusplus
}
#endif

#endif /* CRASHINJECT_BREAKPOINT_H */
