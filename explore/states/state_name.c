/* SPDX-License-Identifier: MIT */
#include "explore/states/state_name.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "trace/event_text.h"

/* 12.20..25: numbers, and ranges of them. */
static void print_atoms(FILE *stream, const struct crash__state *state)
{
	for (uint32_t i = 0; i < state->count;) {
		uint32_t end = i + 1;

		assert(i == 0 || state->flipped[i - 1] < state->flipped[i]); /* as it is read back */
		while (end < state->count && state->flipped[end] == state->flipped[end - 1] + 1)
			end++;
		fprintf(stream, "%s%u", i ? "." : "", state->flipped[i]);
		if (end - i > 1)
			fprintf(stream, "..%u", state->flipped[end - 1]);
		i = end;
	}
}

static const char *const shows[] = {
	[CRASH__LOST_ZEROS] = "zeros",
	[CRASH__LOST_STALE] = "stale",
	[CRASH__LOST_GARBAGE] = "garbage",
};

char *crash__state_name(const struct crash__atoms *atoms, const struct crash__state *state)
{
	uint64_t usual;
	char *name = NULL;
	size_t size;
	FILE *stream = open_memstream(&name, &size);

	assert(state->step >= -1 && state->step < (int64_t)atoms->fs->steps_count);
	if (!stream)
		return NULL;
	usual = state->step < 0 ? 0 : atoms->fs->steps[state->step].acked;
	fprintf(stream, "%s@%" PRId64, atoms->model->name, state->step + 1);
	if (state->reference == CRASH__DURABLE)
		fputc('=', stream);
	else if (state->count)
		fputc('-', stream);
	print_atoms(stream, state);
	if (state->choice)
		fprintf(stream, ":%s", shows[crash__model_choice(atoms->model, state->choice)]);
	if (state->acked != usual)
		fprintf(stream, "~%" PRIu64, state->acked);
	if (fclose(stream) != 0) {
		free(name);
		return NULL;
	}
	return name;
}

size_t crash__state_model(const char *name)
{
	const char *at = strrchr(name, '@');

	return at ? (size_t)(at - name) : 0;
}

/* ------------------------------------------------------------------ reading */

static bool take_number(const char **at, uint64_t *number)
{
	const char *start = *at;

	for (*number = 0; **at >= '0' && **at <= '9' && *at - start < 18; (*at)++)
		*number = *number * 10 + (uint64_t)(**at - '0');
	return *at > start;
}

/* Reads the atoms; they must be of the steps up to the point, and in order. */
static bool take_atoms(const struct crash__atoms *atoms, const char **at, struct crash__state *state,
		       crash__atom_id *list)
{
	uint32_t most = atoms->first[state->step + 1], previous = 0;
	uint64_t first, last;

	while (**at >= '0' && **at <= '9') {
		if (!take_number(at, &first))
			return false;
		last = first;
		if (strncmp(*at, "..", 2) == 0) {
			*at += 2;
			if (!take_number(at, &last))
				return false;
		}
		if (first > last || last >= most || (state->count && first <= previous))
			return false;
		for (uint64_t id = first; id <= last; id++)
			list[state->count++] = (crash__atom_id)id;
		previous = (uint32_t)last;
		if (**at == '.')
			(*at)++;
	}
	return true;
}

/* What lost data shows as: one of the model's choices. */
static bool take_choice(const struct crash__atoms *atoms, const char **at, struct crash__state *state)
{
	for (unsigned int i = 1; i < crash__model_choices(atoms->model); i++) {
		const char *name = shows[crash__model_choice(atoms->model, i)];
		size_t length = strlen(name);

		if (strncmp(*at, name, length) == 0) {
			state->choice = i;
			*at += length;
			return true;
		}
	}
	return false;
}

int crash__state_parse(const struct crash__atoms *atoms, const char *name, struct crash__state *out)
{
	const char *at = name + crash__state_model(name);
	struct crash__state state = {.reference = CRASH__EVERYTHING};
	crash__atom_id *list = calloc(atoms->list_count + 1, sizeof *list);
	uint64_t number;
	bool good;

	if (!list)
		return crash__fail(CRASH_ENOMEM, "no memory for a state");
	good = *at++ == '@' && take_number(&at, &number) && number <= atoms->fs->steps_count;
	state.step = good ? (int64_t)number - 1 : -1;
	state.acked = state.step < 0 ? 0 : atoms->fs->steps[state.step].acked;
	if (good && (*at == '=' || *at == '-')) {
		state.reference = *at++ == '=' ? CRASH__DURABLE : CRASH__EVERYTHING;
		good = take_atoms(atoms, &at, &state, list);
	}
	if (good && *at == ':') {
		at++;
		good = take_choice(atoms, &at, &state);
	}
	if (good && *at == '~') {
		at++;
		good = take_number(&at, &state.acked);
	}
	if (!good || *at) {
		free(list);
		return crash__fail(
			CRASH_EINVAL,
			"\"%s\" is not a state of this trace, which has points 0 to %zu and atoms 0 to %zu",
			name, atoms->fs->steps_count, atoms->list_count);
	}
	state.flipped = list;
	*out = state;
	return 0;
}

/* ------------------------------------------------------------------ points */

static unsigned int count_acks(const struct crash__fs *fs, int64_t step)
{
	unsigned int count = 0;

	for (int64_t i = 0; i <= step; i++)
		count += fs->steps[i].event->kind == CRASH__EVENT_ACK;
	return count;
}

void crash__point_name(const struct crash__fs *fs, int64_t step, char *out, size_t size)
{
	const struct crash__event *event;
	size_t length;

	assert(step >= -1 && step < (int64_t)fs->steps_count);
	if (step < 0) {
		snprintf(out, size, "start");
		return;
	}
	event = fs->steps[step].event;
	if (event->kind == CRASH__EVENT_ACK) {
		snprintf(out, size, "ack#%u", count_acks(fs, step));
		return;
	}
	if (fs->steps[step].sync_own && event->sync_occurrence)
		snprintf(out, size, "fsync#%llu", (unsigned long long)event->sync_occurrence);
	else
		crash__event_point(event, out, size);
	length = strlen(out);
	if (event->kind == CRASH__EVENT_OP)
		snprintf(out + length, size - length, ":after");
}
