/* SPDX-License-Identifier: MIT */
#include "explore/phrases/op_phrase.h"

#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#include "trace/event_text.h"

struct phrase {
	const struct crash__fs *fs;
	const struct crash__event *event;
	const char *path, *to; /* as they are shown */
	char *where;
	FILE *stream;
	char *text;
	size_t size;
};

static const char *shown(const struct crash__callsites *callsites, const char *path)
{
	const char *below = crash__callsite_path(callsites, path);

	return strcmp(below, ".") == 0 ? "the data directory" : below;
}

static bool begin(struct phrase *phrase, struct crash__callsites *callsites, const struct crash__fs *fs,
		  const struct crash__event *event)
{
	*phrase = (struct phrase){
		.fs = fs,
		.event = event,
		.path = shown(callsites, crash__event_path(fs->trace, event)),
		.to = event->to ? shown(callsites, event->to) : NULL,
		.where = crash__callsite_where(callsites, event),
	};
	phrase->stream = phrase->where ? open_memstream(&phrase->text, &phrase->size) : NULL;
	if (!phrase->stream)
		free(phrase->where);
	return phrase->stream != NULL;
}

static char *end(struct phrase *phrase)
{
	free(phrase->where);
	return fclose(phrase->stream) == 0 ? phrase->text : NULL;
}

static void print_point(const struct phrase *phrase)
{
	char point[CRASH__NAME + 24];

	crash__event_point(phrase->event, point, sizeof point);
	fputs(point, phrase->stream);
}

static bool is_exchange(const struct crash__event *event)
{
	const struct crash__where *where = &crash__calls[event->kernel].where;

	return event->family == CRASH__FAMILY_RENAME &&
	       (crash__arg(event->args, where->flags) & RENAME_EXCHANGE) != 0;
}

static void print_names(const struct phrase *phrase)
{
	fputs(phrase->path, phrase->stream);
	if (phrase->to)
		fprintf(phrase->stream, "%s%s", is_exchange(phrase->event) ? " and " : " to ", phrase->to);
}

static void print_offset(const struct phrase *phrase, uint64_t offset)
{
	if (offset != UINT64_MAX)
		fprintf(phrase->stream, " at %llu", (unsigned long long)offset);
}

/* ------------------------------------------------------------------ the op itself */

static void print_op(const struct phrase *phrase)
{
	print_point(phrase);
	if (phrase->event->kind == CRASH__EVENT_OP && crash__event_path(phrase->fs->trace, phrase->event)) {
		fputs(" of ", phrase->stream);
		print_names(phrase);
		if (phrase->event->family == CRASH__FAMILY_WRITE)
			print_offset(phrase, phrase->event->offset);
	}
	if (phrase->event->kind == CRASH__EVENT_ALLOCATION)
		fprintf(phrase->stream, " of %lld bytes", (long long)crash__event_bytes(phrase->event));
	if (*phrase->where)
		fprintf(phrase->stream, " (%s)", phrase->where);
}

char *crash__op_phrase(struct crash__callsites *callsites, const struct crash__fs *fs, uint32_t step)
{
	const struct crash__event *event = fs->steps[step].event;
	struct phrase phrase;
	char *ack, *text = NULL;

	if (event->kind == CRASH__EVENT_ACK) {
		ack = crash__callsite_ack(event);
		if (ack && asprintf(&text, "acknowledging %s", ack) < 0)
			text = NULL;
		free(ack);
		return text;
	}
	if (!begin(&phrase, callsites, fs, event))
		return NULL;
	print_op(&phrase);
	return end(&phrase);
}

/* ------------------------------------------------------------------ what it changed */

static const struct crash__effect *find_effect(const struct crash__fs *fs, uint32_t step,
					       enum crash__effect_kind kind)
{
	const struct crash__step *made = &fs->steps[step];

	for (uint32_t i = 0; i < made->effects; i++)
		if (fs->effects[made->first_effect + i].kind == kind)
			return &fs->effects[made->first_effect + i];
	return NULL;
}

static void print_entry(const struct phrase *phrase, const struct crash__effect *effect)
{
	crash__node_id node = effect->node ? effect->node : effect->old_node;
	const char *directory =
		node && phrase->fs->nodes[node].type == CRASH__NODE_DIRECTORY ? "the directory " : "";

	switch (phrase->event->family) {
	case CRASH__FAMILY_RENAME:
		fputs(is_exchange(phrase->event) ? "the exchange of " : "the rename of ", phrase->stream);
		break;
	case CRASH__FAMILY_LINK:
		fputs(phrase->event->text ? "the symbolic link " : "the link of ", phrase->stream);
		break;
	case CRASH__FAMILY_UNLINK:
		fprintf(phrase->stream, "the removal of %s", directory);
		break;
	default:
		fprintf(phrase->stream, "the creation of %s", directory);
		break;
	}
	print_names(phrase);
}

static void print_size(const struct phrase *phrase, const struct crash__effect *effect)
{
	bool shorter = effect->size < effect->old_size;

	fprintf(phrase->stream, "%s %s%s %llu byte%s", shorter ? "the truncation of" : "the new size of",
		phrase->path, shorter ? " to" : ",", (unsigned long long)effect->size,
		effect->size == 1 ? "" : "s");
}

static void print_attribute_of(const struct phrase *phrase, const struct crash__effect *effect)
{
	const struct crash__change *change = crash__fs_change(phrase->fs, effect);

	switch (change->attribute) {
	case CRASH__MODE:
		fputs("the new mode of ", phrase->stream);
		break;
	case CRASH__OWNER:
		fputs("the new owner of ", phrase->stream);
		break;
	case CRASH__TIME:
		fputs("the time set of ", phrase->stream);
		break;
	case CRASH__XATTR:
		fprintf(phrase->stream, "%s attribute %s of ", change->removed ? "the removal of the" : "the",
			change->name);
		break;
	}
	fputs(phrase->path, phrase->stream);
}

static void print_attribute(const struct phrase *phrase, uint32_t step)
{
	const struct crash__effect *effect = find_effect(phrase->fs, step, CRASH__EFFECT_ATTRIBUTES);

	if (effect)
		print_attribute_of(phrase, effect);
	else
		fprintf(phrase->stream, "the new mode of %s", phrase->path);
}

static void print_change(const struct phrase *phrase, uint32_t step)
{
	const struct crash__effect *entry = find_effect(phrase->fs, step, CRASH__EFFECT_ENTRY),
				   *size = find_effect(phrase->fs, step, CRASH__EFFECT_SIZE),
				   *zeros = find_effect(phrase->fs, step, CRASH__EFFECT_ZERO);

	if (phrase->event->family == CRASH__FAMILY_WRITE) {
		fprintf(phrase->stream, "the %s to %s",
			phrase->event->kernel == CRASH__CALL_store ? "store" : "write", phrase->path);
		print_offset(phrase, phrase->event->offset);
	} else if (entry) {
		print_entry(phrase, entry);
	} else if (size) {
		print_size(phrase, size);
	} else if (zeros) {
		fprintf(phrase->stream, "the zeroing of %s", phrase->path);
		print_offset(phrase, zeros->offset);
	} else {
		print_attribute(phrase, step);
	}
}

/* The op behind what it changed, and where it comes from. */
static void print_origin(const struct phrase *phrase)
{
	fputs(" (", phrase->stream);
	print_point(phrase);
	if (*phrase->where)
		fprintf(phrase->stream, ", %s", phrase->where);
	fputc(')', phrase->stream);
}

char *crash__op_phrase_change(struct crash__callsites *callsites, const struct crash__fs *fs, uint32_t step)
{
	struct phrase phrase;

	if (!begin(&phrase, callsites, fs, fs->steps[step].event))
		return NULL;
	print_change(&phrase, step);
	print_origin(&phrase);
	return end(&phrase);
}

static void print_atom(const struct phrase *phrase, const struct crash__atom *atom)
{
	const struct crash__effect *effect = &phrase->fs->effects[atom->effect];

	switch (atom->kind) {
	case CRASH__ATOM_DATA:
		fprintf(phrase->stream, "the %s of %s",
			effect->kind == CRASH__EFFECT_DATA ? "data" :
			effect->kind == CRASH__EFFECT_ZERO ? "zeroed range" :
							     "zeroed tail",
			phrase->path);
		print_offset(phrase, effect->offset);
		break;
	case CRASH__ATOM_SIZE:
		print_size(phrase, effect);
		break;
	case CRASH__ATOM_ENTRY:
		print_entry(phrase, effect);
		break;
	case CRASH__ATOM_ATTRIBUTES:
		if (atom->class == CRASH__CLASS_BIRTH)
			fprintf(phrase->stream, "the initial mode of %s", phrase->path);
		else
			print_attribute_of(phrase, effect);
		break;
	}
}

char *crash__op_phrase_atom(struct crash__callsites *callsites, const struct crash__fs *fs,
			    const struct crash__atom *atom)
{
	struct phrase phrase;

	if (!begin(&phrase, callsites, fs, fs->steps[atom->step].event))
		return NULL;
	print_atom(&phrase, atom);
	print_origin(&phrase);
	return end(&phrase);
}
