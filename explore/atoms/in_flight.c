/* SPDX-License-Identifier: MIT */
#include "explore/atoms/in_flight.h"

/* The size of a file that grew is decided when its data is written: it is not metadata by itself. */
#define METADATA (CRASH__CUTS | CRASH__ENTRIES | CRASH__ATTRIBUTES)

bool crash__in_flight_begin(struct crash__in_flight *in_flight, size_t nodes)
{
	in_flight->of = calloc(nodes + 1, sizeof *in_flight->of);
	in_flight->names = calloc(nodes + 1, sizeof *in_flight->names);
	in_flight->parent = calloc(nodes + 1, sizeof *in_flight->parent);
	return in_flight->of && in_flight->names && in_flight->parent;
}

void crash__in_flight_clear(struct crash__in_flight *in_flight)
{
	free(in_flight->of);
	free(in_flight->names);
	free(in_flight->parent);
}

static void add_entry(struct crash__atoms_builder *builder, crash__atom_id id,
		      const struct crash__effect *effect)
{
	struct crash__in_flight *in_flight = &builder->in_flight;
	crash__node_id directory = builder->fs->slots[effect->slot].directory;

	crash__builder_push(builder, &in_flight->of[directory], id);
	if (!effect->node)
		return;
	crash__builder_push(builder, &in_flight->names[effect->node], id);
	in_flight->parent[effect->node] = directory;
}

void crash__in_flight_add(struct crash__atoms_builder *builder, crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];

	crash__builder_push(builder, &builder->in_flight.everything, id);
	if (crash__atom_in(atom, METADATA))
		crash__builder_push(builder, &builder->in_flight.metadata, id);
	if (!crash__atom_in(atom, CRASH__ENTRIES))
		crash__builder_push(builder, &builder->in_flight.of[atom->node], id);
	for (uint32_t i = 0; crash__atom_in(atom, CRASH__ENTRIES) && i < atom->effects; i++)
		add_entry(builder, id, &builder->fs->effects[atom->effect + i]);
}

uint32_t crash__in_flight_last(const struct crash__atoms_builder *builder, uint32_t head,
			       crash__classes classes)
{
	for (uint32_t at = head; at; at = builder->links[at - 1].next) {
		const struct crash__atom *atom = &builder->atoms->list[builder->links[at - 1].atom];

		if (atom->durable == CRASH__NEVER && crash__atom_in(atom, classes))
			return atom->step;
	}
	return CRASH__NEVER;
}
