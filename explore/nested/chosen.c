/* SPDX-License-Identifier: MIT */
#include "explore/nested/chosen.h"

#include <stdlib.h>

#include "base/error.h"

/* What emit answers. */
enum { GO_ON, ENOUGH };

enum progress { UNSEEN, OURS, DONE };

struct choosing {
	struct crash__engine *engine;
	struct crash__chosen *chosen;
	uint32_t model;
	unsigned char *classes; /* enum progress */
	uint32_t left;		/* that are not done */
};

static int end_class(struct choosing *choosing, uint32_t class)
{
	choosing->classes[class] = DONE;
	return --choosing->left ? GO_ON : ENOUGH;
}

static int take(struct choosing *choosing, const struct crash__entry *entry)
{
	struct crash__chosen *chosen = choosing->chosen;

	for (size_t i = 0; i < chosen->list_count; i++)
		if (chosen->list[i] == entry)
			return 0;
	return CRASH__ADD(chosen, list, entry) ? 0 : crash__fail(CRASH_ENOMEM, "no memory for states");
}

static int consider(void *context, struct crash__view *view, const struct crash__state *state,
		    enum crash__tier tier, uint32_t class)
{
	struct choosing *choosing = context;
	struct crash__engine *engine = choosing->engine;
	const struct crash__entry *entry;
	int error;

	(void)tier;
	if (engine->options.stop && atomic_load(engine->options.stop))
		return ENOUGH;
	if (choosing->classes[class] == DONE)
		return GO_ON;
	entry = crash__engine_named(engine, choosing->model, view, state, choosing->classes[class] == OURS);
	if (entry == engine->final)
		return GO_ON;
	if (entry && entry->elsewhere && choosing->classes[class] == UNSEEN)
		return end_class(choosing, class);
	choosing->classes[class] = OURS;
	if (entry && (entry->error || entry->kind > CRASH__VERDICT_PASSED))
		return GO_ON;
	/* why it has no verdict is said elsewhere */
	if (!entry || entry->kind == CRASH__VERDICT_NONE)
		return end_class(choosing, class);
	error = take(choosing, entry);
	return error < 0 ? error : end_class(choosing, class);
}

static int choose_of_model(struct choosing *choosing)
{
	struct crash__engine *engine = choosing->engine;
	struct crash__representatives *own;
	int error = crash__representatives_new(&engine->atoms[choosing->model], engine->options.tiers,
					       engine->options.sites, &own);
	unsigned int sweeps;

	if (error < 0)
		return error;
	sweeps = crash__representatives_sweeps(own);
	choosing->left = crash__representatives_classes(own);
	choosing->classes = calloc(crash__representatives_numbers(own) + 1, 1);
	if (!choosing->classes)
		error = crash__fail(CRASH_ENOMEM, "no memory for states");
	for (unsigned int sweep = 0; sweep < sweeps && choosing->left && error == GO_ON; sweep++)
		error = crash__representatives_sweep(own, sweep, consider, choosing);
	free(choosing->classes);
	crash__representatives_free(own);
	return error < 0 ? error : 0;
}

int crash__nested_choose(struct crash__engine *engine, struct crash__chosen *chosen)
{
	struct choosing choosing = {.engine = engine, .chosen = chosen};
	int error = 0;

	for (uint32_t model = 0; model < engine->options.model_count && error == 0; model++) {
		choosing.model = model;
		error = choose_of_model(&choosing);
	}
	return error;
}
