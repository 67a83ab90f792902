/* SPDX-License-Identifier: MIT */
/*
 * Method. What stayed is the subject, what was lost follows behind a "but", and the reason behind a colon.
 * What the checker says of it is a sentence of its own, unless what was lost is what was acknowledged: that
 * is the same fact.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "explore/findings/cause_search.h"
#include "explore/phrases/op_phrase.h"
#include "explore/states/state_name.h"

/* ------------------------------------------------------------------ the parts of a sentence */

static void print_phrase(FILE *stream, char *phrase)
{
	fputs(phrase ? phrase : "?", stream);
	free(phrase);
}

static void print_op(struct crash__cause_search *search, uint32_t step, FILE *stream)
{
	print_phrase(stream, crash__op_phrase(search->callsites, crash__search_fs(search), step));
}

static void print_change(struct crash__cause_search *search, uint32_t step, FILE *stream)
{
	print_phrase(stream, crash__op_phrase_change(search->callsites, crash__search_fs(search), step));
}

/* ". The data is inconsistent" */
static void print_verdict(const struct crash__cause *cause, FILE *stream)
{
	const char *clause = crash__verdict_clause(cause->kind);

	fprintf(stream, ". %c%s", toupper((unsigned char)*clause), clause + 1);
}

/* ------------------------------------------------------------------ a power loss */

/* Of what an op has changed, the part that says most: bytes of a write, the name of anything else. */
static int rank(const struct crash__atom *atom, bool write)
{
	static const int ranks[2][4] = {
		{[CRASH__ATOM_ENTRY] = 3, [CRASH__ATOM_SIZE] = 2, [CRASH__ATOM_DATA] = 1},
		{[CRASH__ATOM_DATA] = 3, [CRASH__ATOM_SIZE] = 2},
	};

	return ranks[write][atom->kind];
}

/* The atom of the lost op that the sentence speaks of: one that the state has lost. */
static const struct crash__atom *lost_atom(const struct crash__cause_search *search,
					   const struct crash__cause *cause)
{
	const struct crash__atoms *atoms = &search->engine->atoms[cause->model];
	bool write = crash__search_event(search, cause->lost)->family == CRASH__FAMILY_WRITE;
	const struct crash__atom *best = NULL;

	for (uint32_t i = 0; i < cause->state.count; i++) {
		const struct crash__atom *atom = &atoms->list[cause->state.flipped[i]];

		if (atom->step == cause->lost && (!best || rank(atom, write) > rank(best, write)))
			best = atom;
	}
	return best ? best : &atoms->list[atoms->first[cause->lost]];
}

/* ------------------------------------------------------------------ why it was lost */

/* Whether a sync of a file or directory returned at a step or behind it. */
static bool was_synced(const struct crash__cause_search *search, crash__node_id node, uint32_t from)
{
	const struct crash__fs *fs = crash__search_fs(search);
	const bool *dropped = search->engine->options.dropped;

	for (uint32_t at = from; at < fs->steps_count; at++) {
		const struct crash__step *step = &fs->steps[at];

		if ((step->sync == CRASH__SYNC_ALL ||
		     (step->sync != CRASH__SYNC_NONE && step->node == node)) &&
		    !step->sync_failed && !(dropped && dropped[at]))
			return true;
	}
	return false;
}

struct directories {
	crash__node_id list[2];
	unsigned int count;
};

/* A rename between directories is an entry in both. */
static struct directories directories_of(const struct crash__fs *fs, uint32_t first, uint32_t count)
{
	struct directories directories = {0};

	for (uint32_t i = 0; i < count && directories.count < 2; i++) {
		const struct crash__effect *effect = &fs->effects[first + i];
		crash__node_id of;

		if (effect->kind != CRASH__EFFECT_ENTRY)
			continue;
		of = fs->slots[effect->slot].directory;
		if (!directories.count || directories.list[0] != of)
			directories.list[directories.count++] = of;
	}
	return directories;
}

static void print_directory(const struct crash__fs *fs, crash__node_id node, uint32_t step, FILE *stream)
{
	char *path = crash__fs_node_path(fs, node, step);

	fprintf(stream, "the %s%s", node == 1 ? "" : "directory ", path ? path : "?");
	free(path);
}

/* Why a name is not durable: "its directory was never synced", and which one, where there are two. */
static void print_unsynced_names(const struct crash__cause_search *search, const struct crash__atom *atom,
				 FILE *stream)
{
	const struct crash__fs *fs = crash__search_fs(search);
	const struct crash__step *step = &fs->steps[atom->step];
	struct directories own = directories_of(fs, atom->effect, atom->effects),
			   all = directories_of(fs, step->first_effect, step->effects), not = {0};
	bool ever = false;

	for (unsigned int i = 0; i < own.count; i++)
		if (!was_synced(search, own.list[i], atom->step + 1)) {
			not .list[not .count++] = own.list[i];
			ever |= was_synced(search, own.list[i], 0);
		}
	if (!not .count) {
		fputs("no sync that followed covers it", stream);
		return;
	}
	if (not .count == 2)
		fputs("its directories were", stream);
	else if (all.count == 1)
		fputs("its directory was", stream);
	else
		print_directory(fs, not .list[0], atom->step, stream);
	fprintf(stream, "%s %s", not .count == 1 && all.count == 2 ? " was" : "",
		ever ? "not synced afterwards" : "never synced");
}

/* A write to blocks that a sync was to write before, and failed, is given up from the beginning. */
static const char *failed_reason(const struct crash__cause_search *search, const struct crash__cause *cause,
				 crash__node_id node)
{
	const struct crash__atoms *atoms = &search->engine->atoms[cause->model];

	for (uint32_t i = 0; i < cause->state.count; i++) {
		const struct crash__atom *atom = &atoms->list[cause->state.flipped[i]];

		if (atom->node == node && atom->abandoned && !atom->failed)
			return "its fsync failed, and what was written again there is not written either";
	}
	return "its fsync failed, and it was not written again";
}

static void print_reason(const struct crash__cause_search *search, const struct crash__cause *cause,
			 const struct crash__atom *atom, FILE *stream)
{
	const struct crash__fs *fs = crash__search_fs(search);
	char point[CRASH__NAME + 48];

	if (atom->failed && atom->kind == CRASH__ATOM_ENTRY) {
		fputs("the fsync that was to make it durable failed, and another one promises nothing",
		      stream);
	} else if (cause->failed_sync || atom->failed || atom->abandoned) {
		fputs(failed_reason(search, cause, atom->node), stream);
	} else if (atom->durable != CRASH__NEVER) {
		crash__point_name(fs, atom->durable, point, sizeof point);
		fprintf(stream, "it became durable only later, by %.*s", (int)strcspn(point, ":"), point);
	} else if (atom->kind == CRASH__ATOM_ENTRY) {
		print_unsynced_names(search, atom, stream);
	} else {
		fputs(was_synced(search, atom->node, atom->step + 1) ? "no sync that followed covers it" :
								       "it was never synced",
		      stream);
	}
}

/* ------------------------------------------------------------------ what happened */

static void print_loss(struct crash__cause_search *search, const struct crash__cause *cause, FILE *stream)
{
	const struct crash__fs *fs = crash__search_fs(search);
	const struct crash__atom *lost = lost_atom(search, cause);
	const struct crash__step *survivor = &fs->steps[cause->survivor];
	bool ack = survivor->event->kind == CRASH__EVENT_ACK;
	const char *denied = " was not durable";

	if (ack) {
		fputs("acknowledged ", stream);
		print_phrase(stream, crash__callsite_ack(survivor->event));
	} else if (survivor->event->kind == CRASH__EVENT_POINT || survivor->sync != CRASH__SYNC_NONE) {
		print_op(search, cause->survivor, stream);
		fputs(survivor->sync == CRASH__SYNC_NONE ? " was passed" :
		      survivor->sync_failed		 ? " failed" :
							   " returned",
		      stream);
	} else {
		print_change(search, cause->survivor, stream);
		fputs(" reached the disk", stream);
		denied = " did not";
	}
	fputs(", but ", stream);
	print_phrase(stream, crash__op_phrase_atom(search->callsites, fs, lost));
	fprintf(stream, "%s: ", denied);
	print_reason(search, cause, lost, stream);
	if (!ack || cause->kind != CRASH__VERDICT_LOST)
		print_verdict(cause, stream);
	if (cause->suspects)
		fprintf(stream,
			". (%u ops were lost, and the budget ended before it was known which of them are "
			"guilty)",
			cause->suspects);
}

static void print_torn(struct crash__cause_search *search, const struct crash__cause *cause, FILE *stream)
{
	fputs("only a part of ", stream);
	print_change(search, cause->lost, stream);
	fputs(" reached the disk", stream);
	print_verdict(cause, stream);
}

/* ------------------------------------------------------------------ a process crash */

static bool is_store(const struct crash__cause_search *search, uint32_t step)
{
	const struct crash__event *event = crash__search_event(search, step);

	return event->kind == CRASH__EVENT_OP && event->kernel == CRASH__CALL_store;
}

static void print_process_crash(struct crash__cause_search *search, const struct crash__cause *cause,
				FILE *stream)
{
	fputs("if the process dies ", stream);
	if (cause->torn) {
		fputs("during ", stream);
		print_op(search, cause->lost, stream);
		fputs(is_store(search, cause->lost) ? " and only some of the pages are stored" :
						      " and only the first pages are written",
		      stream);
	} else if (cause->survivor == CRASH__NEVER) {
		fputs("before its first op", stream);
	} else if (cause->lost == CRASH__NEVER) {
		fputs("at any time after ", stream);
		print_op(search, cause->survivor, stream);
	} else if (cause->state.count && is_store(search, cause->lost)) {
		fputs("when ", stream);
		print_op(search, cause->survivor, stream);
		fputs(" is done and ", stream);
		print_op(search, cause->lost, stream);
		fputs(", which is in no order with it, is not", stream);
	} else if (cause->state.count) { /* what overlapped */
		fputs("when ", stream);
		print_op(search, cause->survivor, stream);
		fputs(" is done and the concurrent ", stream);
		print_op(search, cause->lost, stream);
		fputs(" is not", stream);
	} else {
		fputs("between ", stream);
		print_op(search, cause->survivor, stream);
		fputs(" and ", stream);
		print_op(search, cause->lost, stream);
	}
	fprintf(stream, ", %s", crash__verdict_clause(cause->kind));
}

char *crash__cause_sentence(struct crash__cause_search *search, const struct crash__cause *cause)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	if (cause->process)
		print_process_crash(search, cause, stream);
	else if (cause->torn)
		print_torn(search, cause, stream);
	else
		print_loss(search, cause, stream);
	return fclose(stream) == 0 ? text : NULL;
}
