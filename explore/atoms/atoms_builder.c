/* SPDX-License-Identifier: MIT */
#include "explore/atoms/atoms_builder.h"

#include <string.h>

struct crash__atom *crash__builder_new_atom(struct crash__atoms_builder *builder, enum crash__atom_kind kind,
					    enum crash__atom_class class, uint32_t step, uint32_t effect)
{
	struct crash__atom *atom = CRASH__PUSH(builder->atoms, list);

	if (!atom) {
		builder->no_memory = true;
		return NULL;
	}
	memset(atom, 0, sizeof *atom);
	atom->kind = kind;
	atom->class = class;
	atom->step = step;
	atom->effect = effect;
	atom->effects = 1;
	atom->node = builder->fs->effects[effect].node;
	atom->durable = CRASH__NEVER;
	return atom;
}
