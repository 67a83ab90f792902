/* SPDX-License-Identifier: MIT */
#include "explore/atoms/in_flight.h"

#include "base/effort.h"

/* The size of a file that grew is decided when its data is written: it is not metadata by itself. */
#define METADATA (CRASH__CUTS | CRASH__ENTRIES | CRASH__ATTRIBUTES)

bool crash__in_flight_begin(struct crash__in_flight *in_flight, size_t nodes)
{
	in_flight->of = calloc(nodes + 1, sizeof *in_flight->of);
	in_flight->names = calloc(nodes + 1, sizeof *in_flight->names);
	in_flight->parent = calloc(nodes + 1, sizeof *in_flight->parent);
	in_flight->alone = calloc(nodes + 1, sizeof *in_flight->alone);
	in_flight->size_lost = calloc(nodes + 1, sizeof *in_flight->size_lost);
	in_flight->shortest = malloc((nodes + 1) * sizeof *in_flight->shortest);
	for (size_t i = 0; i <= nodes && in_flight->shortest; i++)
		in_flight->shortest[i] = CRASH__NEVER;
	return in_flight->of && in_flight->names && in_flight->parent && in_flight->shortest &&
	       in_flight->alone && in_flight->size_lost;
}

void crash__in_flight_clear(struct crash__in_flight *in_flight)
{
	free(in_flight->of);
	free(in_flight->names);
	free(in_flight->parent);
	free(in_flight->shortest);
	free(in_flight->alone);
	free(in_flight->size_lost);
}

static void add_entry(struct crash__atoms_builder *builder, crash__atom_id id,
		      const struct crash__effect *effect)
{
	struct crash__in_flight *in_flight = &builder->in_flight;
	crash__node_id directory = builder->fs->slots[effect->slot].directory;

	crash__builder_push(builder, &in_flight->of[directory], id);
	if (!effect->node)
		return;
	/* xfs_cross_rename() does not log the files, so that the sync of one has nothing to commit */
	if (builder->model->fsync_exchanged || !builder->fs->steps[builder->atoms->list[id].step].exchanges)
		crash__builder_push(builder, &in_flight->names[effect->node], id);
	in_flight->parent[effect->node] = directory;
}

static uint64_t size_before(const struct crash__atoms_builder *builder, crash__atom_id grown)
{
	return builder->fs->effects[builder->atoms->list[grown].effect].old_size;
}

/* Keeps which growth of a file began with the least size. */
static void note_growth(struct crash__atoms_builder *builder, crash__atom_id id)
{
	crash__atom_id *shortest = &builder->in_flight.shortest[builder->atoms->list[id].node];

	if (*shortest == CRASH__NEVER || size_before(builder, id) < size_before(builder, *shortest))
		*shortest = id;
}

/* A sync of the file makes all of them durable: then the rest is gone through. */
uint64_t crash__in_flight_shortest(struct crash__atoms_builder *builder, crash__node_id node)
{
	crash__atom_id *shortest = &builder->in_flight.shortest[node];
	const struct crash__atom *list = builder->atoms->list;

	if (*shortest == CRASH__NEVER || list[*shortest].durable == CRASH__NEVER)
		return *shortest == CRASH__NEVER ? UINT64_MAX : size_before(builder, *shortest);
	*shortest = CRASH__NEVER;
	for (uint32_t *at = &builder->in_flight.of[node]; *at;) {
		struct crash__edge *link = &builder->links[*at - 1];
		const struct crash__atom *atom = &list[link->atom];

		crash__effort++;
		/* what was durable as soon as it was done never was in flight: where only the process dies,
		 * all is */
		if (atom->durable <= atom->step) {
			*at = link->next;
			continue;
		}
		if (crash__atom_in(atom, CRASH__GROWS) && atom->durable == CRASH__NEVER)
			note_growth(builder, link->atom);
		at = &link->next;
	}
	return *shortest == CRASH__NEVER ? UINT64_MAX : size_before(builder, *shortest);
}

bool crash__in_flight_is_partial(struct crash__atoms_builder *builder, const struct crash__step *step)
{
	const struct crash__step *steps = builder->fs->steps;
	bool alone = step->writes_back ||
		     (step->effects && step->event->family == CRASH__FAMILY_WRITE &&
		      crash__class_is_alone(builder->model, step,
					    crash__builder_is_unsynced(builder, (size_t)(step - steps))));

	return alone && !builder->model->no_page_sizes &&
	       crash__in_flight_shortest(builder, step->node) < step->sync_from;
}

uint32_t crash__in_flight_set_alone(struct crash__atoms_builder *builder, uint32_t index, uint64_t *from)
{
	const struct crash__step *step = &builder->fs->steps[index];
	struct crash__written_alone *alone = &builder->in_flight.alone[step->node];
	crash__atom_id grown = builder->in_flight.shortest[step->node];
	bool anew = !alone->step || builder->atoms->list[grown].step >= alone->step;
	uint32_t since = anew || *from < alone->from ? 0 : alone->step - 1;

	if (!anew && alone->from < *from)
		*from = alone->from;
	*alone = (struct crash__written_alone){index + 1, *from};
	return since;
}

void crash__in_flight_add(struct crash__atoms_builder *builder, crash__atom_id id)
{
	const struct crash__atom *atom = &builder->atoms->list[id];

	crash__builder_push(builder, &builder->in_flight.everything, id);
	if (crash__atom_in(atom, METADATA))
		crash__builder_push(builder, &builder->in_flight.metadata, id);
	if (crash__atom_in(atom, CRASH__GROWS))
		note_growth(builder, id);
	if (!crash__atom_in(atom, CRASH__ENTRIES))
		crash__builder_push(builder, &builder->in_flight.of[atom->node], id);
	for (uint32_t i = 0; crash__atom_in(atom, CRASH__ENTRIES) && i < atom->effects; i++)
		add_entry(builder, id, &builder->fs->effects[atom->effect + i]);
}

uint32_t crash__in_flight_last(const struct crash__atoms_builder *builder, uint32_t head,
			       crash__classes classes, uint32_t step)
{
	for (uint32_t at = head; at; at = builder->links[at - 1].next) {
		const struct crash__atom *atom = &builder->atoms->list[builder->links[at - 1].atom];

		if (atom->durable > step && crash__atom_in(atom, classes) &&
		    (crash__builder_event(builder, atom->step) == crash__builder_event(builder, step) ||
		     crash__builder_ended_before(builder, atom->step, step)))
			return atom->step;
	}
	return CRASH__NEVER;
}
