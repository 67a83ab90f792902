/* SPDX-License-Identifier: MIT */
#include "common/control.h"

#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/futex.h>

#include "common/sys.h"

size_t crash__control_size(unsigned int rings)
{
	size_t block = (sizeof(struct crash__control) + 4095) & ~(size_t)4095;

	return block + rings * sizeof(struct crash__ring);
}

static void copy_text(char *to, const char *from, size_t size)
{
	size_t length = from ? strnlen(from, size - 1) : 0;

	memcpy(to, from ? from : "", length);
	to[length] = '\0';
}

/*
 * Takes the free slot whose state is `state`. A slot that somebody is filling is waited for a moment
 * only: whoever fills it may have been killed meanwhile, and then the slot is passed over for good.
 */
static bool take_slot(_Atomic uint32_t *state)
{
	struct timespec pause = {.tv_nsec = 50000};
	uint32_t expected = 0;

	if (atomic_compare_exchange_strong(state, &expected, 1))
		return true;
	/* it may also have lost the processor in the middle; who passes it over then makes a second entry */
	for (int i = 0; i < 2000 && atomic_load(state) == 1; i++)
		if (i < 1000)
			crash__pause();
		else
			crash__sys3(SYS_nanosleep, (long)&pause, 0, 0);
	return false;
}

void crash__control_incomplete(struct crash__control *control, enum crash__incomplete why, const char *detail)
{
	for (int i = 0; i < CRASH__REASONS; i++) {
		struct crash__reason *reason = &control->reasons[i];

		if (take_slot(&reason->state)) {
			reason->why = why;
			copy_text(reason->detail, detail, sizeof reason->detail);
			atomic_store(&reason->times, 1);
			atomic_store(&reason->state, 2);
			if (control->mode & CRASH__MODE_KEEPER) /* who takes it out of the program's reach */
				crash__control_ring_bell(control);
			return;
		}
		if (atomic_load(&reason->state) == 2 && reason->why == why) {
			atomic_fetch_add(&reason->times, 1);
			return;
		}
	}
}

void crash__control_ring_bell(struct crash__control *control)
{
	atomic_fetch_add(&control->bell, 1);
	crash__sys6(SYS_futex, (long)&control->bell, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

/* ------------------------------------------------------------------ what a stray store may have changed */

static const size_t guards[] = {
#define GUARD(name) offsetof(struct crash__control, guard_##name)
	GUARD(counters), GUARD(dead), GUARD(numbers), GUARD(fired), GUARD(points), GUARD(reasons), GUARD(end),
#undef GUARD
};

#define GUARDS (sizeof guards / sizeof *guards)
#define AMONG 1024 /* processes that may have been killed between two counters */

void crash__control_guard(struct crash__control *control)
{
	uint64_t guard = CRASH__GUARD;

	for (size_t i = 0; i < GUARDS; i++)
		memcpy((char *)control + guards[i], &guard, sizeof guard);
}

/* Each op is counted in its family and, but for the sync that a write implies, by its call. */
static bool counters_agree(const struct crash__control *control)
{
	uint64_t families = 0, calls = atomic_load(&control->implied_syncs);

	for (int i = 0; i < CRASH__FAMILIES; i++)
		families += atomic_load(&control->family_hits[i]);
	for (int i = 0; i < CRASH__CALLS; i++)
		calls += atomic_load(&control->call_hits[i]);
	return families - calls + AMONG <= 2 * AMONG;
}

bool crash__control_is_sound(const struct crash__control *control)
{
	uint32_t dead = atomic_load(&control->dead);
	bool sound = dead == 0 || dead == CRASH__DEAD;

	for (size_t i = 0; i < GUARDS; i++)
		sound = sound && memcmp((const char *)control + guards[i], &(uint64_t){CRASH__GUARD},
					sizeof(uint64_t)) == 0;
	sound = sound && atomic_load(&control->fired.state) <= 4 && atomic_load(&control->sites.state) <= 2 &&
		atomic_load(&control->rings_ready) <= control->ring_count;
	for (int i = 0; sound && i < CRASH__POINTS; i++)
		sound = atomic_load(&control->points[i].state) <= 2 &&
			memchr(control->points[i].name, '\0', sizeof control->points[i].name) != NULL;
	for (int i = 0; sound && i < CRASH__REASONS; i++)
		sound = atomic_load(&control->reasons[i].state) <= 2 &&
			control->reasons[i].why < CRASH__INCOMPLETES;
	return sound && counters_agree(control);
}

static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

struct crash__named_point *crash__control_point(struct crash__control *control, const char *name,
						const char *file, uint32_t line)
{
	uint32_t hash = hash_name(name);

	for (uint32_t i = 0; i < CRASH__POINTS; i++) {
		struct crash__named_point *point = &control->points[(hash + i) % CRASH__POINTS];

		if (take_slot(&point->state)) {
			copy_text(point->name, name, sizeof point->name);
			copy_text(point->file, file, sizeof point->file);
			point->line = line;
			point->rules = crash__plan_rules_of_point(&control->plan, point->name);
			atomic_store(&point->state, 2);
			return point;
		}
		if (atomic_load(&point->state) == 2 &&
		    strncmp(point->name, name, sizeof point->name - 1) == 0)
			return point;
	}
	crash__control_incomplete(control, CRASH__INCOMPLETE_POINTS_FULL, name);
	return NULL;
}

uint32_t crash__control_number_of(struct crash__control *control, uint32_t pid)
{
	uint32_t number = 0;
	bool given = false;

	for (uint32_t i = 0; i < CRASH__NUMBERS; i++) {
		_Atomic uint64_t *slot = &control->numbers[(pid + i) & (CRASH__NUMBERS - 1)];
		uint64_t entry = atomic_load(slot);

		if (entry == 0 && !given) {
			number = atomic_fetch_add(&control->processes, 1);
			given = true;
		}
		if (entry == 0 && atomic_compare_exchange_strong(slot, &entry, (uint64_t)pid << 32 | number))
			return number;
		if (entry >> 32 == pid)
			return (uint32_t)entry;
	}
	return given ? number : atomic_fetch_add(&control->processes, 1);
}

uint32_t crash__control_number(struct crash__control *control, uint32_t pid, uint32_t number)
{
	uint64_t mine = (uint64_t)pid << 32 | number;

	for (uint32_t i = 0; i < CRASH__NUMBERS; i++) {
		_Atomic uint64_t *slot = &control->numbers[(pid + i) & (CRASH__NUMBERS - 1)];
		uint64_t entry = atomic_load(slot);

		while (entry == 0 || entry >> 32 == pid)
			if (atomic_compare_exchange_weak(slot, &entry, mine))
				return number;
	}
	return number;
}

void crash__control_note_outside(struct crash__control *control)
{
	struct stat status;

	for (int i = 0; i < 2; i++) {
		if (crash__sys3(SYS_fstat, 1 + i, (long)&status, 0) < 0 || !S_ISREG(status.st_mode))
			continue;
		control->outside[i].device = status.st_dev;
		control->outside[i].inode = status.st_ino;
	}
}

bool crash__control_is_outside(const struct crash__control *control, uint64_t device, uint64_t inode)
{
	for (int i = 0; i < 2; i++)
		if (inode && control->outside[i].inode == inode && control->outside[i].device == device)
			return true;
	return false;
}

static void forget_fired(struct crash__fired *fired)
{
	fired->name[0] = fired->file[0] = fired->to[0] = '\0';
	fired->modules = fired->leaves = fired->unwound = fired->line = 0;
	atomic_store(&fired->frames, 0);
}

/* Whether the crash that was written down is the death of one process alone. */
static bool was_self(struct crash__control *control)
{
	if (control->fired.rule < CRASH__RULES)
		return control->plan.rules[control->fired.rule].self;
	crash__control_incomplete(control, CRASH__INCOMPLETE_DAMAGED, "the record of the crash");
	return false;
}

bool crash__control_fire(struct crash__control *control, bool self)
{
	struct timespec pause = {.tv_nsec = 100000};

	/* who writes it down may have been killed meanwhile, and then it is not reported */
	for (int i = 0; i < 20000 && !crash__control_is_dead(control); i++) {
		uint32_t state = 0;

		if (atomic_compare_exchange_strong(&control->fired.state, &state, 1))
			return true;
		if (self)
			return false;
		if (state == 3 && was_self(control) &&
		    atomic_compare_exchange_strong(&control->fired.state, &state, 1)) {
			forget_fired(&control->fired);
			return true;
		}
		crash__sys3(SYS_nanosleep, (long)&pause, 0, 0);
	}
	return false;
}

bool crash__control_is_due(struct crash__control *control, uint32_t pid, uint32_t tid)
{
	return atomic_load(&control->fired.state) == 4 && control->fired.pid == pid &&
	       control->fired.tid == tid;
}

bool crash__control_collect(struct crash__control *control)
{
	uint32_t due = 4;

	if (!atomic_compare_exchange_strong(&control->fired.state, &due, 3))
		return false;
	atomic_store(&control->dead, CRASH__DEAD);
	crash__control_ring_bell(control);
	return true;
}

bool crash__control_has_fired(const struct crash__control *control)
{
	uint32_t state = atomic_load(&control->fired.state);

	return state == 2 || state == 3;
}
