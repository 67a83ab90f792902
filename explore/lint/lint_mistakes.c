/* SPDX-License-Identifier: MIT */
/*
 * The mistakes that rules find: each once, in words, and with the models under which it matters.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "explore/lint/lint_parts.h"
#include "explore/states/atom_set.h"
#include "explore/states/make_atoms.h"
#include "trace/event_text.h"

/* ------------------------------------------------------------------ mistakes */

static char *signature(struct crash__lint *lint, uint32_t step)
{
	return step == CRASH__NEVER ? strdup("end") :
				      crash__callsite_signature(lint->callsites, lint->fs->steps[step].event);
}

static void make_id(struct crash__lint *lint, uint32_t lost, uint32_t relied, char id[12])
{
	char *of_lost = signature(lint, lost), *of_relied = signature(lint, relied), *whole = NULL;

	if (!of_lost || !of_relied ||
	    asprintf(&whole, "lint/%s/%s/%s", lint->rule->name, of_lost, of_relied) < 0) {
		whole = NULL;
		crash__lint_no_memory(lint);
	} else {
		snprintf(id, 12, "%08x", (unsigned int)XXH3_64bits(whole, strlen(whole)));
	}
	free(whole);
	free(of_lost);
	free(of_relied);
}

bool crash__lint_found(struct crash__lint *lint, enum crash__lint_part part, uint32_t lost, uint32_t relied)
{
	struct crash__mistake *mistake;
	char id[12] = "";

	assert(lost < lint->fs->steps_count && (relied < lint->fs->steps_count || relied == CRASH__NEVER));
	make_id(lint, lost, relied, id);
	for (size_t i = 0; i < lint->mistakes_count; i++)
		if (strcmp(lint->mistakes[i].id, id) == 0) {
			lint->mistakes[i].times++;
			return false;
		}
	mistake = lint->error == 0 ? CRASH__PUSH(lint, mistakes) : NULL;
	if (!mistake) {
		crash__lint_no_memory(lint);
		return false;
	}
	memset(mistake, 0, sizeof *mistake);
	memcpy(mistake->id, id, sizeof id);
	mistake->rule = lint->rule;
	mistake->part = part;
	mistake->lost = lost;
	mistake->relied = relied;
	mistake->times = 1;
	return true;
}

void crash__lint_say(struct crash__lint *lint, char *sentence, char *repair)
{
	struct crash__mistake *mistake = &lint->mistakes[lint->mistakes_count - 1];

	assert(lint->mistakes_count && !mistake->sentence); /* crash__lint_found() has just made it */
	mistake->sentence = sentence;
	mistake->repair = repair;
}

char *crash__lint_text(struct crash__lint *lint, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length >= 0)
		return text;
	crash__lint_no_memory(lint);
	return NULL;
}

/* Keeps a text; a failed one is shown as a question mark. */
static const char *keep(struct crash__lint *lint, char *text)
{
	if (text && CRASH__ADD(lint, texts, text))
		return text;
	free(text);
	crash__lint_no_memory(lint);
	return "?";
}

const char *crash__lint_op(struct crash__lint *lint, uint32_t step)
{
	if (step == CRASH__NEVER)
		return "the end of the program";
	return keep(lint, crash__callsite_text(lint->callsites, lint->fs->steps[step].event));
}

const char *crash__lint_path(struct crash__lint *lint, crash__node_id node)
{
	return keep(lint, crash__fs_node_path(lint->fs, node, (uint32_t)lint->fs->steps_count - 1));
}

static const char *directory_text(struct crash__lint *lint, crash__node_id node)
{
	return keep(lint, crash__lint_text(lint, node == 1 ? "the %s" : "the directory %s",
					   crash__lint_path(lint, node)));
}

const char *crash__lint_directory(struct crash__lint *lint, uint32_t step)
{
	const struct crash__step *at = &lint->fs->steps[step];

	for (uint32_t i = 0; i < at->effects; i++) {
		const struct crash__effect *effect = &lint->fs->effects[at->first_effect + i];

		if (effect->kind == CRASH__EFFECT_ENTRY)
			return directory_text(lint, lint->fs->slots[effect->slot].directory);
	}
	return "?";
}

const char *crash__lint_when(struct crash__lint *lint, uint32_t durable)
{
	char point[CRASH__NAME + 48];

	if (durable == CRASH__NEVER)
		return "never synced";
	crash__event_point(lint->fs->steps[durable].event, point, sizeof point);
	return keep(lint, crash__lint_text(lint, "synced only later, by %s", point));
}

/* ------------------------------------------------------------------ which models allow it */

static bool is_part(const struct crash__lint *lint, const struct crash__atom *atom,
		    enum crash__lint_part part)
{
	bool named = atom->kind == CRASH__ATOM_ENTRY && lint->fs->effects[atom->effect].node;

	switch (part) {
	case CRASH__PART_DATA:
	case CRASH__PART_TORN:
		return atom->kind == CRASH__ATOM_DATA || atom->kind == CRASH__ATOM_SIZE;
	case CRASH__PART_NAME:
		return named;
	case CRASH__PART_REMOVAL:
		return atom->kind == CRASH__ATOM_ENTRY;
	}
	return false;
}

/* Whether what relied on it can be there without it: an acknowledgement always can. */
static bool relied_stays(const struct crash__set *set, const struct crash__mistake *mistake)
{
	crash__atom_id first, end;

	if (mistake->relied == CRASH__NEVER || mistake->relied == mistake->lost)
		return true;
	first = set->atoms->first[mistake->relied];
	end = set->atoms->first[mistake->relied + 1];
	for (crash__atom_id id = first; id < end; id++)
		if (!crash__set_has(set, id))
			return true;
	return first == end;
}

/* The mistake matters under a model if it can lose the one without losing the other. */
static bool allows(const struct crash__lint *lint, const struct crash__atoms *atoms, struct crash__set *set,
		   const struct crash__mistake *mistake)
{
	/* a truncation is first, and what was written then is lost */
	uint32_t last =
		mistake->relied == CRASH__NEVER ? (uint32_t)lint->fs->steps_count - 1 : mistake->relied;
	uint32_t step = last > mistake->lost ? last : mistake->lost;
	crash__atom_id first = atoms->first[mistake->lost], end = atoms->first[mistake->lost + 1];

	if (mistake->part == CRASH__PART_TORN)
		return end - first > 1;
	for (crash__atom_id id = first; id < end; id++) {
		if (!is_part(lint, &atoms->list[id], mistake->part) ||
		    !crash__atom_is_open(&atoms->list[id], step))
			continue;
		crash__set_begin(set, step);
		if (crash__set_omit(set, id) == 0 && relied_stays(set, mistake))
			return true;
	}
	return false;
}

static void append_name(struct crash__lint *lint, char **list, const char *name)
{
	char *longer = crash__lint_text(lint, "%s%s%s", *list ? *list : "", *list ? "," : "", name);

	free(*list);
	*list = longer;
}

static void list_model(struct crash__lint *lint, const struct crash__model *model)
{
	struct crash__atoms atoms;
	struct crash__set set = {0};
	bool made;

	if (crash__atoms_make(&atoms, lint->fs, model) < 0)
		return;
	made = crash__set_init(&set, &atoms) == 0;
	for (size_t i = 0; i < lint->mistakes_count && made; i++) {
		struct crash__mistake *mistake = &lint->mistakes[i];

		append_name(lint,
			    !model->process_only && allows(lint, &atoms, &set, mistake) ? &mistake->allowed :
											  &mistake->forbidden,
			    model->name);
	}
	crash__set_clear(&set);
	crash__atoms_clear(&atoms);
}

void crash__lint_list_models(struct crash__lint *lint)
{
	char **names = lint->mistakes_count ? crash__model_names() : NULL;
	struct crash__model model;

	for (size_t i = 0; names && names[i]; i++)
		if (crash__model_read(names[i], &model) == 0)
			list_model(lint, &model);
	crash__model_names_free(names);
}
