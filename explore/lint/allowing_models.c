/* SPDX-License-Identifier: MIT */
#include "explore/lint/allowing_models.h"

#include "explore/atoms/atom_set.h"
#include "explore/atoms/make_atoms.h"
#include "explore/lint/wording.h"

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

	if (model->process_only) {
		for (size_t i = 0; i < lint->mistakes_count; i++)
			append_name(lint, &lint->mistakes[i].forbidden, model->name);
		return;
	}
	if (crash__atoms_make(&atoms, lint->fs, model) < 0)
		return;
	made = crash__set_init(&set, &atoms) == 0;
	for (size_t i = 0; i < lint->mistakes_count && made; i++) {
		struct crash__mistake *mistake = &lint->mistakes[i];

		append_name(lint,
			    allows(lint, &atoms, &set, mistake) ? &mistake->allowed : &mistake->forbidden,
			    model->name);
	}
	crash__set_clear(&set);
	crash__atoms_clear(&atoms);
}

void crash__find_allowing_models(struct crash__lint *lint)
{
	char **names = lint->mistakes_count ? crash__model_names() : NULL;
	struct crash__model model;
	size_t count = 0;

	while (names && names[count])
		count++;
	for (size_t i = 0; i < count; i++) {
		if (lint->watch)
			lint->watch->progress(lint->watch->context, "asking which models allow it", i, count);
		if (crash__model_read(names[i], &model) == 0)
			list_model(lint, &model);
	}
	crash__model_names_free(names);
}
