/* SPDX-License-Identifier: MIT */
#include "tests/powercut/member.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "explore/atoms/atom_set.h"
#include "explore/states/page_units.h"
#include "explore/states/tiers.h"
#include "explore/states/view_new.h"
#include "tests/explore/outcomes.h"
#include "tests/explore/trees.h"
#include "tests/powercut/reasons.h"
#include "tests/powercut/words.h"

#ifndef HAVE_PICOSAT

const char *member_problem(void)
{
	return "it was built without PicoSAT";
}

struct member *member_new(const struct replayed *replayed, bool stale)
{
	(void)replayed;
	(void)stale;
	return NULL;
}

void member_free(struct member *member)
{
	(void)member;
}

bool member_allows(struct member *member, int ops, const char *text)
{
	(void)member;
	(void)ops;
	(void)text;
	return false;
}

unsigned long member_proposals(const struct member *member)
{
	(void)member;
	return 0;
}

#else

#include <picosat/picosat.h>
#include <uthash.h>

#define MOST_PROPOSALS 1000000 /* for one question: the reasons would be wrong */

struct answer {
	char *key; /* "3 a=old510" */
	bool allowed;
	UT_hash_handle hh;
};

struct member {
	const struct crash__atoms *atoms;
	struct reasons reasons;
	struct crash__view **views; /* by step and choice */
	unsigned int choices;
	bool stale;		/* lost bytes may be anything */
	struct answer *answers; /* uthash */
	unsigned long proposals;
};

/* One tree at one step. */
struct question {
	struct member *member;
	const struct words_tree *tree;
	struct crash__view *view;
	PicoSAT *solver;
	struct blame blame;
	bool differs; /* what was proposed */
};

const char *member_problem(void)
{
	return NULL;
}

struct member *member_new(const struct replayed *replayed, bool stale)
{
	struct member *member = calloc(1, sizeof *member);

	ck_assert_ptr_nonnull(member);
	member->atoms = &replayed->atoms;
	member->stale = stale;
	member->choices = crash__model_choices(replayed->atoms.model);
	member->views =
		calloc((replayed->fs.steps_count + 1) * member->choices, sizeof(struct crash__view *));
	ck_assert_ptr_nonnull(member->views);
	reasons_find(&member->reasons, member->atoms);
	return member;
}

void member_free(struct member *member)
{
	struct answer *answer, *next;

	HASH_ITER(hh, member->answers, answer, next) {
		HASH_DEL(member->answers, answer);
		free(answer->key);
		free(answer);
	}
	for (size_t i = 0; i < (member->atoms->fs->steps_count + 1) * member->choices; i++)
		crash__view_free(member->views[i]);
	reasons_clear(&member->reasons);
	free(member->views);
	free(member);
}

unsigned long member_proposals(const struct member *member)
{
	return member->proposals;
}

/* A view goes forward only: each step has its own. */
static struct crash__view *view_at(struct member *member, int64_t step, unsigned int choice)
{
	struct crash__view **view = &member->views[(size_t)(step + 1) * member->choices + choice];

	if (!*view) {
		trees_ok(crash__view_new_choice(member->atoms, CRASH__EVERYTHING, choice, view));
		trees_ok(crash__view_advance(*view, step));
	}
	return *view;
}

/* ------------------------------------------------------------------ what differs */

static void compare_content(struct question *question, crash__node_id node, const struct words_entry *entry)
{
	const struct crash__atoms *atoms = question->member->atoms;
	int ops = (int)atoms->fs->trace->count;
	uint64_t size, at = 0;
	unsigned char *bytes = outcomes_bytes(atoms, question->view, node, &size);

	for (size_t i = 0; i < entry->run_count; i++)
		while (at < entry->runs[i].end) {
			int code = outcomes_code(atoms->model, ops, bytes[at], at);

			if (code == entry->runs[i].code ||
			    (question->member->stale && code == OUTCOMES_JUNK)) {
				at++;
				continue;
			}
			question->differs = true;
			at = blame_byte(&question->blame, node, at);
		}
	free(bytes);
}

static bool has_attributes(const struct crash__view *view, crash__node_id node,
			   const struct words_entry *entry)
{
	char text[sizeof entry->attributes] = "";
	FILE *out = fmemopen(text, sizeof text, "w");

	outcomes_node_attributes(out, view, node);
	fclose(out);
	return strcmp(text, entry->attributes) == 0;
}

static void compare_file(struct question *question, crash__node_id node, const struct words_entry *entry)
{
	if (crash__view_size(question->view, node) != entry->size) {
		question->differs = true;
		blame_size(&question->blame, node, entry->size);
		return;
	}
	if ((crash__view_mode(question->view, node) & 07777) != entry->mode ||
	    !has_attributes(question->view, node, entry)) {
		question->differs = true;
		blame_attributes(&question->blame, node);
	}
	compare_content(question, node, entry);
}

static bool is_kind(const struct crash__node *node, const struct words_entry *entry)
{
	if (node->type == CRASH__NODE_DIRECTORY)
		return entry->kind == WORDS_DIRECTORY;
	if (node->type == CRASH__NODE_LINK)
		return entry->kind == WORDS_LINK && strcmp(node->text, entry->link) == 0;
	return entry->kind == WORDS_FILE;
}

static void compare_directory(struct question *question, crash__node_id directory, int entry);

static void compare_slot(struct question *question, crash__slot_id slot, int parent)
{
	const struct crash__fs *fs = question->member->atoms->fs;
	const struct words_tree *tree = question->tree;
	crash__node_id child = crash__view_child(question->view, slot);
	int entry = words_find(tree, parent, fs->slots[slot].name);
	struct blame *blame = &question->blame;

	if (!child && entry < 0)
		return;
	if (!child || entry < 0 || !is_kind(&fs->nodes[child], &tree->entries[entry])) {
		question->differs = true;
		blame_slot(blame, slot);
		return;
	}
	if (tree->entries[entry].kind == WORDS_LINK)
		return;
	ck_assert_uint_lt(blame->depth, sizeof blame->above / sizeof *blame->above);
	blame->above[blame->depth++] = slot;
	if (tree->entries[entry].kind == WORDS_DIRECTORY)
		compare_directory(question, child, entry);
	else
		compare_file(question, child, &tree->entries[entry]);
	blame->depth--;
}

static void compare_directory(struct question *question, crash__node_id directory, int parent)
{
	const struct crash__fs *fs = question->member->atoms->fs;
	const struct words_tree *tree = question->tree;
	int known = 0, there = 0;

	for (crash__slot_id slot = 1; slot < fs->slots_count; slot++) {
		if (fs->slots[slot].directory != directory)
			continue;
		known += words_find(tree, parent, fs->slots[slot].name) >= 0;
		compare_slot(question, slot, parent);
	}
	for (int i = 0; i < tree->count; i++)
		there += tree->entries[i].parent == parent;
	if (known < there) { /* a name that no op ever gave there */
		question->differs = true;
		blame_names(&question->blame);
	}
}

/* ------------------------------------------------------------------ the solver */

static void take_clause(void *context, const int *clause, size_t count)
{
	PicoSAT *solver = context;

	for (size_t i = 0; i < count; i++)
		picosat_add(solver, clause[i]);
	picosat_add(solver, 0);
}

/* What the model requires: with an atom all that persists before it. As the exhaustive tier does it. */
static void require_order(struct question *question)
{
	const struct crash__atoms *atoms = question->member->atoms;
	struct blame *blame = &question->blame;
	crash__atom_id earlier;

	for (crash__atom_id id = 0; id < blame->end; id++) {
		blame->open[id] = crash__atom_is_open(&atoms->list[id], blame->step);
		blame->in[id] = crash__view_has(question->view, id);
	}
	if (blame->end)
		picosat_adjust(question->solver, (int)blame->end);
	for (crash__atom_id id = 0; id < blame->end; id++) {
		if (!blame->open[id])
			continue;
		CRASH__EACH_EDGE(atoms, atoms->list[id].predecessors, earlier) {
			if (earlier >= blame->end || !blame->open[earlier])
				continue;
			picosat_add(question->solver, -1 - (int)id);
			picosat_add(question->solver, 1 + (int)earlier);
			picosat_add(question->solver, 0);
		}
	}
}

static void require(struct question *question, int one, int other, int third)
{
	picosat_add(question->solver, one);
	picosat_add(question->solver, other);
	if (third)
		picosat_add(question->solver, third);
	picosat_add(question->solver, 0);
}

/*
 * Of a page one run of units is lost, if pages tear, or else all or none (page_units.h). For each unit there
 * is whether one up to it is lost, and whether one is there behind a lost one: from there on, all are.
 */
static void require_pages(struct question *question)
{
	const struct crash__atoms *atoms = question->member->atoms;
	struct blame *blame = &question->blame;
	bool tears = crash__tears_pages(atoms->model);
	crash__atom_id before = (crash__atom_id)blame->end;
	int begun = 0, over = 0;

	for (crash__atom_id id = 0; id < blame->end; id++) {
		int unit = 1 + (int)id, last_begun = begun, last_over = over;

		if (!blame->open[id])
			continue;
		begun = tears ? picosat_inc_max_var(question->solver) : 0;
		over = tears ? picosat_inc_max_var(question->solver) : 0;
		if (tears)
			require(question, unit, begun, 0);
		if (before < blame->end && crash__same_page(atoms, before, id)) {
			if (tears) {
				require(question, -last_begun, begun, 0);
				require(question, -last_over, over, 0);
				require(question, -last_begun, -unit, over);
				require(question, -over, unit, 0);
			} else {
				require(question, -unit, 1 + (int)before, 0);
				require(question, unit, -1 - (int)before, 0);
			}
		}
		before = id;
	}
}

/* Looks at what is proposed. */
static bool is_right(struct question *question, const char *text)
{
	struct blame *blame = &question->blame;
	crash__atom_id *flipped = calloc(blame->end + 1, sizeof *flipped);
	size_t count = 0;
	char *is;

	ck_assert_ptr_nonnull(flipped);
	for (crash__atom_id id = 0; id < blame->end; id++) {
		if (blame->open[id])
			blame->in[id] = picosat_deref(question->solver, 1 + (int)id) > 0;
		if (blame->in[id] != crash__view_has(question->view, id))
			flipped[count++] = id;
	}
	trees_ok(crash__view_flip(question->view, flipped, count, NULL));
	question->differs = false;
	compare_directory(question, 1, -1);
	if (!question->differs && !question->member->stale) {
		is = words_of_view(question->member->atoms, question->view);
		ck_assert_str_eq(is, text);
		free(is);
	}
	crash__view_unflip(question->view);
	free(flipped);
	return !question->differs;
}

static bool ask(struct member *member, int64_t step, unsigned int choice, const struct words_tree *tree,
		const char *text)
{
	size_t atoms = member->atoms->list_count + 1;
	struct question question = {.member = member, .tree = tree};
	struct blame *blame = &question.blame;
	unsigned long proposals = 0;
	bool right = false;

	question.view = view_at(member, step, choice);
	question.solver = picosat_init();
	blame->reasons = &member->reasons;
	blame->step = step;
	blame->end = step < 0 ? 0 : member->atoms->first[step + 1];
	blame->take = take_clause;
	blame->context = question.solver;
	blame->open = calloc(atoms, sizeof *blame->open);
	blame->in = calloc(atoms, sizeof *blame->in);
	blame->is_absent = calloc(atoms, sizeof *blame->is_absent);
	ck_assert(blame->open && blame->in && blame->is_absent);
	require_order(&question);
	require_pages(&question);
	while (!right && picosat_sat(question.solver, -1) == PICOSAT_SATISFIABLE) {
		ck_assert_msg(++proposals < MOST_PROPOSALS, "no end of proposals for %s", text);
		right = is_right(&question, text);
	}
	member->proposals += proposals;
	picosat_reset(question.solver);
	free(blame->open);
	free(blame->in);
	free(blame->is_absent);
	free(blame->clause);
	free(blame->absent);
	return right;
}

static bool find(struct member *member, int ops, const char *text)
{
	const struct crash__fs *fs = member->atoms->fs;
	struct words_tree tree;
	bool found = false;

	words_parse(&tree, text);
	for (int64_t step = -1; step < (int64_t)fs->steps_count && !found; step++)
		for (unsigned int choice = 0; choice < member->choices && !found; choice++)
			if (crash__tier_news(fs, step) && replayed_ops(fs, step) == ops)
				found = ask(member, step, choice, &tree, text);
	words_clear(&tree);
	return found;
}

bool member_allows(struct member *member, int ops, const char *text)
{
	struct answer *answer;
	char *key;

	ops = replayed_news(member->atoms->fs, ops);
	ck_assert_int_ge(asprintf(&key, "%d %s", ops, text), 0);
	HASH_FIND_STR(member->answers, key, answer);
	if (answer) {
		free(key);
		return answer->allowed;
	}
	answer = calloc(1, sizeof *answer);
	ck_assert_ptr_nonnull(answer);
	answer->key = key;
	answer->allowed = find(member, ops, text);
	HASH_ADD_KEYPTR(hh, member->answers, answer->key, strlen(answer->key), answer);
	return answer->allowed;
}

#endif
