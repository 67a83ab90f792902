/* SPDX-License-Identifier: MIT */
#include "explore/syncs/sync_sites.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "common/call.h"

/* The functions that make a call site. */
#define CALLSITE_FRAMES 3

struct place {
	uint64_t number; /* of a call site */
	size_t site;
	UT_hash_handle hh;
};

/* Of a flag of the call itself it is known which one. */
static const char *flag_of(const struct crash__event *event)
{
	int64_t flags = event->kernel == CRASH__CALL_pwritev2 ?
				crash__arg(event->args, crash__calls[event->kernel].where.flags) :
				0;

	return flags & RWF_SYNC ? "RWF_SYNC" : flags & RWF_DSYNC ? "RWF_DSYNC" : "O_DSYNC or O_SYNC";
}

/* Allocated. */
static char *call_of(const struct crash__step *step)
{
	const struct crash__event *event = step->event;
	const char *name = crash__calls[event->call].name;
	char *text;

	if (!step->sync_own)
		return strdup(name);
	if (asprintf(&text, "%s with %s", name, flag_of(event)) < 0)
		return NULL;
	return text;
}

/* "wal_sync, wal_commit": who called the innermost function, as far as they tell call sites apart. */
static char *callers_of(struct crash__callsites *callsites, const struct crash__event *event)
{
	unsigned int count = 0, named = 0;
	const struct crash_frame *frames = crash__callsite_frames(callsites, event, &count);
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	/* without debugging information functions that are not exported have the name of the one before */
	for (unsigned int i = 1; i < count && i < CALLSITE_FRAMES && frames[i].function; i++)
		if (!frames[i - 1].function || strcmp(frames[i].function, frames[i - 1].function) != 0)
			fprintf(stream, "%s%s", named++ ? ", " : "", frames[i].function);
	return fclose(stream) == 0 ? text : NULL;
}

static int describe(struct crash__sync_site *site, const struct crash__fs *fs, uint32_t step,
		    struct crash__callsites *callsites)
{
	const struct crash__step *sync = &fs->steps[step];

	site->implied = sync->sync_own;
	site->call = call_of(sync);
	site->where = crash__callsite_where(callsites, sync->event);
	site->callers = callers_of(callsites, sync->event);
	site->file = sync->sync == CRASH__SYNC_ALL ? strdup("") :
		     sync->node == 1		   ? strdup(".") :
						     crash__fs_node_path(fs, sync->node, step);
	return site->call && site->where && site->callers && site->file ?
		       0 :
		       crash__fail(CRASH_ENOMEM, "no memory for the syncs");
}

static int add(struct crash__syncs *syncs, const struct crash__fs *fs, uint32_t step,
	       struct crash__callsites *callsites, struct place **places)
{
	/* an O_DSYNC write and the sync of its own are one event; nothing else is both */
	uint64_t number = crash__callsite_number(callsites, fs->steps[step].event);
	struct place *place;
	int error = 0;

	HASH_FIND(hh, *places, &number, sizeof number, place);
	if (!place) {
		struct crash__sync_site *site = CRASH__PUSH(syncs, sites);

		place = calloc(1, sizeof *place);
		if (!site || !place) {
			free(place);
			syncs->sites_count -= site != NULL;
			return crash__fail(CRASH_ENOMEM, "no memory for the syncs");
		}
		*site = (struct crash__sync_site){0};
		*place = (struct place){.number = number, .site = syncs->sites_count - 1};
		HASH_ADD(hh, *places, number, sizeof place->number, place);
		error = describe(site, fs, step, callsites);
	}
	if (error == 0 && !CRASH__ADD(&syncs->sites[place->site], steps, step))
		error = crash__fail(CRASH_ENOMEM, "no memory for the syncs");
	return error;
}

int crash__syncs_list(const struct crash__fs *fs, struct crash__syncs *syncs)
{
	struct place *places = NULL, *place, *next;
	struct crash__callsites *callsites;
	int error = crash__callsites_new(fs->trace, fs->root, &callsites);

	if (error < 0)
		return error;
	for (uint32_t step = 0; step < fs->steps_count && error == 0; step++) {
		const struct crash__step *sync = &fs->steps[step];

		if (sync->sync == CRASH__SYNC_NONE)
			continue;
		if (sync->sync_failed || sync->sync_refused) {
			syncs->failed++;
			continue;
		}
		syncs->made++;
		error = add(syncs, fs, step, callsites, &places);
	}
	HASH_ITER(hh, places, place, next) {
		HASH_DEL(places, place);
		free(place);
	}
	crash__callsites_free(callsites);
	return error;
}

void crash__syncs_clear(struct crash__syncs *syncs)
{
	for (size_t i = 0; i < syncs->sites_count; i++) {
		struct crash__sync_site *site = &syncs->sites[i];

		free(site->steps);
		free(site->spare);
		free(site->id);
		free(site->kind);
		free(site->sentence);
		free(site->state);
		free(site->model);
		free(site->where);
		free(site->callers);
		free(site->call);
		free(site->file);
	}
	free(syncs->sites);
	*syncs = (struct crash__syncs){0};
}
