/* SPDX-License-Identifier: MIT */
/*
 * breakpoints.c - explicit breakpoints: the other end of crashinject/breakpoint.h.
 */
#define CRASH__SITES_ONLY
#include <crashinject/breakpoint.h>

#include <string.h>
#include <unistd.h>

#include "common/program/elf.h"
#include "common/ring_append.h"
#include "common/say.h"
#include "common/spec.h"
#include "preload/forward.h"
#include "preload/mapping.h"
#include "preload/shim.h"

/* What the header looks for. */
CRASH__EXPORT void crash__attach(struct crash_site *start, struct crash_site *stop);
CRASH__EXPORT void crash__hit(struct crash_site *site);
CRASH__EXPORT void crash__breakpoint_symbol(const char *name) __asm__("crash_breakpoint");
CRASH__EXPORT void crash__ack_symbol(const void *text, size_t bytes) __asm__("crash_ack");

/* What the section says is that somebody attends to points; it is read, so that the linker keeps it. */
static const volatile uint32_t known_version __attribute__((section(CRASH__ATTENDANT))) = CRASH_SITE_VERSION;

/* The shim's, where these are a copy that was linked in beside it. */
static struct {
	void (*attach)(struct crash_site *start, struct crash_site *stop);
	void (*hit)(struct crash_site *site);
	void (*breakpoint)(const char *name);
	void (*ack)(const void *text, size_t bytes);
} shim;

static void find_shim(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	shim.hit = crash__forward("crash__hit", (void *)crash__hit);
	shim.breakpoint = crash__forward("crash_breakpoint", (void *)crash__breakpoint_symbol);
	shim.ack = crash__forward("crash_ack", (void *)crash__ack_symbol);
	shim.attach = crash__forward("crash__attach", (void *)crash__attach);
}

#ifdef CRASH__LINKED
/* Before any constructor that has points; a program may have none but crash_breakpoint(). */
__attribute__((constructor(101))) static void look_for_shim(void)
{
	find_shim();
}
#endif

static const char *name_of(const struct crash_site *site)
{
	return (const char *)&site->name + site->name;
}

static const char *file_of(const struct crash_site *site)
{
	return (const char *)&site->file + site->file;
}

void crash__attach(struct crash_site *start, struct crash_site *stop)
{
	struct crash__control *control;

	find_shim();
	if (shim.attach) {
		shim.attach(start, stop);
		return;
	}
	crash__attach_control(environ); /* libcrashpoint has no constructor of its own that is first */
	control = crash__control;
	if (!control)
		return;
	for (struct crash_site *site = start; site < stop; site++) {
		struct crash__named_point *point;

		if (site->version != known_version || site->slot)
			continue;
		point = crash__control_point(control, name_of(site), file_of(site), site->line);
		if (!point)
			continue;
		site->slot = (uint32_t)(point - control->points) + 1;
		/* with any rule for a point the passes of all are counted, for the report */
		site->armed = control->plan.explicit_rules || (control->mode & CRASH__MODE_RECORD);
	}
}

void crash__pass_point(struct crash__control *control, struct crash__named_point *point,
		       const struct crash__caller *caller)
{
	uint64_t hit;

	crash__check_dead(control);
	hit = atomic_fetch_add_explicit(&point->hits, 1, memory_order_relaxed) + 1;
	if (point->rules || (control->mode & CRASH__MODE_RECORD))
		crash__act_point(control, point, hit, point->rules, caller);
}

void crash__hit(struct crash_site *site)
{
	struct crash__control *control;
	int saved;

	if (shim.hit) {
		shim.hit(site);
		return;
	}
	saved = errno;
	control = crash__control_now();
	if (control && site->slot)
		crash__pass_point(control, &control->points[site->slot - 1], CRASH__CALLER());
	errno = saved;
}

void crash__breakpoint_symbol(const char *name)
{
	static _Atomic bool complained;
	int saved = errno;
	struct crash__named_point *point;
	struct crash__control *control;

	if (shim.breakpoint) {
		shim.breakpoint(name);
		return;
	}
	control = crash__control_now();
	if (!control)
		return;
	if (!crash__point_name_ok(name, strlen(name))) {
		if (!atomic_exchange(&complained, true))
			crash__say("crashinject: crash_breakpoint(\"", name, "\"): not a name for a point\n",
				   NULL);
	} else if ((point = crash__control_point(control, name, "", 0)) != NULL) {
		crash__pass_point(control, point, CRASH__CALLER());
	}
	errno = saved;
}

void crash__ack_symbol(const void *text, size_t bytes)
{
	int saved = errno;
	struct crash__control *control;

	if (shim.ack) {
		shim.ack(text, bytes);
		return;
	}
	control = crash__control_now();
	if (!control)
		return;
	crash__check_dead(control);
	if (__builtin_expect(crash__mapped, 0))
		crash__mapping_scan(); /* what was stored before it is acknowledged */
	if (control->mode & CRASH__MODE_ACKS)
		crash__record_ack(control, crash__next_sequence(control), -1, text, bytes);
	errno = saved;
}
