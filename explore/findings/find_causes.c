/* SPDX-License-Identifier: MIT */
#include "explore/findings/find_causes.h"

#include <string.h>

#include "base/error.h"
#include "explore/findings/cause_search.h"
#include "explore/states/page_units.h"

/* A repair may show failures that nobody has seen, and these have repairs. */
#define MOST_ROUNDS 4

static int by_size(const void *a, const void *b)
{
	const struct crash__entry *x = *(struct crash__entry *const *)a,
				  *y = *(struct crash__entry *const *)b;

	if (x->model != y->model)
		return x->model < y->model ? -1 : 1;
	if (x->state.step != y->state.step)
		return x->state.step < y->state.step ? -1 : 1;
	if (x->tier != y->tier)
		return x->tier < y->tier ? -1 : 1;
	if (x->pages != y->pages)
		return x->pages < y->pages ? -1 : 1;
	/* what is known from before must not change the order */
	return x->number < y->number ? -1 : x->number > y->number;
}

int crash__search_begin_model(struct crash__cause_search *search, uint32_t model)
{
	if (search->model == model)
		return 0;
	search->model = model;
	crash__set_clear(&search->set);
	if (crash__guilty_begin(search) < 0)
		return crash__fail(CRASH_ENOMEM, "no memory for causes");
	return crash__set_init(&search->set, &search->engine->atoms[model]);
}

int crash__search_queue(struct crash__cause_search *search, struct crash__entry *entry)
{
	if (entry->listed)
		return 0;
	if (!CRASH__ADD(search, queue, entry))
		return crash__fail(CRASH_ENOMEM, "no memory for causes");
	entry->listed = entry->used = true;
	return 0;
}

/* Those that no earlier look has had. */
static struct crash__entry **list_failures(struct crash__engine *engine, size_t *count)
{
	struct crash__entry **list = calloc(HASH_COUNT(engine->entries) + 1, sizeof *list);

	*count = 0;
	for (struct crash__entry *entry = engine->entries; list && entry; entry = entry->hh.next)
		if (crash__verdict_failed(entry->kind) && entry->number && !entry->elsewhere &&
		    !entry->listed) {
			entry->listed = true;
			entry->pages = crash__page_count(&engine->atoms[entry->model], entry->state.flipped,
							 entry->state.count);
			list[(*count)++] = entry;
		}
	if (list && *count)
		qsort(list, *count, sizeof *list, by_size);
	return list;
}

/* Who waits is told of what has come up, as far as it is known by now. */
static void announce(struct crash__cause_search *search, size_t from)
{
	const struct crash__engine_options *options = &search->engine->options;

	for (size_t i = from; i < search->causes->list_count && options->finding; i++) {
		char *sentence = crash__cause_sentence(search, &search->causes->list[i]);

		if (sentence)
			options->finding(options->context, sentence);
		free(sentence);
	}
}

static int explain(struct crash__cause_search *search, struct crash__entry *entry)
{
	struct crash__cost before = crash__engine_cost(search->engine);
	int error = entry->cause ? 0 : crash__search_begin_model(search, entry->model);
	size_t known = search->causes->list_count;

	if (entry->cause) /* as what was left of another one */
		return 0;
	if (error == 0)
		error = crash__search_explain(search, entry);
	search->explained++;
	crash__engine_explained_one(search->engine, before);
	if (error == 0)
		announce(search, known);
	return error;
}

/* Also those that come up meanwhile. */
static int explain_queue(struct crash__cause_search *search)
{
	int error = 0;

	for (size_t i = 0; i < search->queue_count && error == 0; i++)
		error = explain(search, search->queue[i]);
	search->queue_count = 0;
	return error;
}

static int explain_all(struct crash__cause_search *search)
{
	size_t count = 0;
	struct crash__entry **failures = list_failures(search->engine, &count);
	int error = failures ? 0 : crash__fail(CRASH_ENOMEM, "no memory for causes");

	for (size_t i = 0; i < count && error == 0; i++)
		error = explain(search, failures[i]);
	free(failures);
	return error;
}

/* What only the repairs have shown is explained, too, and has repairs. */
static int repair_all(struct crash__cause_search *search)
{
	struct crash__causes *causes = search->causes;
	int error = 0;

	for (int round = 0; error == 0 && (round == 0 || search->queue_count); round++) {
		if (round == MOST_ROUNDS) {
			causes->unexplained += search->queue_count;
			search->queue_count = 0;
			break;
		}
		error = explain_queue(search);
		for (size_t i = 0; i < causes->list_count && error == 0; i++)
			error = crash__repair_find(search, &causes->list[i]);
		if (error == 0)
			error = crash__search_unite(search);
	}
	return error;
}

static void describe(struct crash__cause_search *search, struct crash__cause *cause)
{
	const struct crash__event *lost = crash__search_event(search, cause->lost),
				  *survivor = crash__search_event(search, cause->survivor);

	free(cause->lost_text);
	free(cause->survivor_text);
	free(cause->sentence);
	crash__search_make_id(cause);
	cause->lost_text = lost ? crash__callsite_text(search->callsites, lost) : NULL;
	cause->survivor_text = survivor ? crash__callsite_text(search->callsites, survivor) : NULL;
	cause->sentence = crash__cause_sentence(search, cause);
	crash__cause_list_models(search->engine, cause);
}

int crash__causes_begin(struct crash__engine *engine, struct crash__causes *causes,
			struct crash__cause_search **out)
{
	struct crash__cause_search *search = calloc(1, sizeof *search);
	int error = 0;

	memset(causes, 0, sizeof *causes);
	if (search) {
		search->engine = engine;
		search->causes = causes;
		search->model = UINT32_MAX;
		search->prefix_cause =
			calloc(engine->options.fs->steps_count + 2, sizeof *search->prefix_cause);
	}
	if (!search || !search->prefix_cause)
		error = crash__fail(CRASH_ENOMEM, "no memory for causes");
	if (error == 0)
		error = crash__callsites_new(engine->options.fs->trace, engine->options.fs->root,
					     &search->callsites);
	if (error == 0)
		*out = search;
	else
		crash__causes_end(search);
	return error;
}

int crash__causes_find(struct crash__cause_search *search)
{
	struct crash__engine *engine = search->engine;
	struct crash__causes *causes = search->causes;
	uint64_t explained = search->explained;
	bool cut_short = engine->cut_short;
	int error = explain_all(search);

	if (error == 0 && search->explained == explained && search->taken == engine->taken)
		return 0;
	search->taken = engine->taken;
	/* who looks for a finding does not ask for its repair */
	if (error == 0 && !engine->options.wants)
		error = repair_all(search);
	for (size_t i = 0; i < causes->list_count && error == 0; i++)
		describe(search, &causes->list[i]);
	/* what was explained before stays so */
	if (search->explained == explained)
		engine->cut_short = cut_short;
	if (error == 0)
		error = crash__engine_finish_ahead(engine);
	return error;
}

void crash__causes_end(struct crash__cause_search *search)
{
	if (!search)
		return;
	crash__guilty_clear(search);
	free(search->queue);
	free(search->united);
	free(search->prefix_cause);
	free(search->whole);
	free(search->lost);
	crash__set_clear(&search->set);
	crash__callsites_free(search->callsites);
	free(search);
}
