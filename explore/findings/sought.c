/* SPDX-License-Identifier: MIT */
#include "explore/findings/sought.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "explore/atoms/atom_set.h"
#include "explore/findings/callsite_id.h"
#include "symbols/callsite.h"

/* With more callsites, or more files of one, not all are tried. */
#define MOST_CALLSITES 400
#define MOST_FILES 32

static int no_memory(void)
{
	return crash__fail(CRASH_ENOMEM, "no memory for the findings that are looked for");
}

/* ------------------------------------------------------------------ ids */

static int add_id(struct crash__sought *sought, const char *text, size_t length)
{
	struct crash__sought_finding finding = {.answer = CRASH__SOUGHT_UNDECIDED};

	if (length != 8 || strspn(text, "0123456789abcdef") < 8)
		return crash__fail(CRASH_EINVAL,
				   "--finding: \"%.*s\" is not the id of a finding, which has 8 hexadecimal "
				   "digits",
				   (int)length, text);
	memcpy(finding.id, text, length);
	for (size_t i = 0; i < sought->findings_count; i++)
		if (strcmp(sought->findings[i].id, finding.id) == 0)
			return 0;
	return CRASH__ADD(sought, findings, finding) ? 0 : no_memory();
}

static int read_file(struct crash__sought *sought, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (!file)
		return crash__fail(CRASH_EINVAL, "--finding @%s: %s", path, strerror(errno));
	while (error == 0 && getline(&line, &size, file) >= 0) {
		size_t length = strcspn(line, " \t\r\n#");

		if (length)
			error = add_id(sought, line, length);
	}
	if (error == 0 && ferror(file))
		error = crash__fail_errno("--finding @%s", path);
	free(line);
	fclose(file);
	return error;
}

int crash__sought_read(struct crash__sought *sought, const char *list)
{
	int error = *list == '@' ? read_file(sought, list + 1) : 0;

	for (const char *at = *list == '@' ? "" : list; *at && error == 0;) {
		size_t length = strcspn(at, ",");

		error = add_id(sought, at, length);
		at += length + (at[length] == ',');
	}
	if (error == 0 && sought->findings_count == 0)
		error = crash__fail(CRASH_EINVAL, "--finding: no id");
	return error;
}

/* ------------------------------------------------------------------ callsites */

/* A callsite of the run. Number 0 is none: the beginning, or the end. */
struct site {
	char *signature;
	uint32_t number, last; /* 1 + the last step so far */
	char *files[MOST_FILES];
	unsigned int file_count;
	UT_hash_handle hh;
};

struct sites {
	struct site *table; /* in order of their numbers */
	uint32_t count;
};

static void free_sites(struct sites *sites)
{
	struct site *site, *next;

	HASH_ITER(hh, sites->table, site, next) {
		HASH_DEL(sites->table, site);
		for (unsigned int i = 0; i < site->file_count; i++)
			free(site->files[i]);
		free(site->signature);
		free(site);
	}
}

/* Takes the signature. NULL: there is no memory. */
static struct site *find_site(struct sites *sites, char *signature)
{
	struct site *site = NULL;

	if (signature)
		HASH_FIND_STR(sites->table, signature, site);
	if (site || !signature) {
		free(signature);
		return site;
	}
	site = calloc(1, sizeof *site);
	if (site) {
		site->signature = signature;
		site->number = sites->count++;
		HASH_ADD_KEYPTR(hh, sites->table, signature, strlen(signature), site);
		if (CRASH__HASHED(site))
			return site;
	}
	free(site);
	free(signature);
	return NULL;
}

static void add_file(struct site *site, char *path)
{
	char *name = path && site->file_count < MOST_FILES ? crash__callsite_stable_name(path) : NULL;

	free(path);
	for (unsigned int i = 0; name && i < site->file_count; i++)
		if (strcmp(site->files[i], name) == 0) {
			free(name);
			return;
		}
	if (name)
		site->files[site->file_count++] = name;
}

/* The names by which a finding would list what a step lost: of any model. */
static void add_files(struct site *site, const struct crash__engine *engine, uint32_t step)
{
	const struct crash__fs *fs = engine->options.fs;
	const struct crash__step *of = &fs->steps[step];

	for (uint32_t i = 0; i < of->effects && site->file_count < MOST_FILES; i++) {
		const struct crash__effect *effect = &fs->effects[of->first_effect + i];

		add_file(site, effect->kind == CRASH__EFFECT_ENTRY ?
				       crash__fs_slot_path(fs, effect->slot) :
				       crash__fs_node_path(fs, effect->node, step));
	}
}

static int number_callsites(struct crash__sought *sought, struct sites *sites)
{
	const struct crash__fs *fs = sought->engine->options.fs;
	struct crash__callsites *callsites;
	int error = crash__callsites_new(fs->trace, fs->root, &callsites);

	if (error == 0 && !find_site(sites, strdup("")))
		error = no_memory();
	for (uint32_t step = 0; step < fs->steps_count && error == 0; step++) {
		struct site *site =
			find_site(sites, crash__callsite_signature(callsites, fs->steps[step].event));

		if (!site) {
			error = no_memory();
			break;
		}
		sought->callsites[step] = site->number;
		sought->previous[step] = site->last;
		site->last = step + 1;
		add_files(site, sought->engine, step);
	}
	if (error == 0 || callsites)
		crash__callsites_free(callsites);
	return error;
}

/* ------------------------------------------------------------------ which of them an id is of */

static int take_match(struct crash__sought *sought, const char *id, const char *group,
		      const struct site *lost, const struct site *survivor)
{
	for (size_t i = 0; i < sought->findings_count; i++) {
		if (strcmp(sought->findings[i].id, id) != 0)
			continue;
		strcpy(sought->findings[i].group, group);
		return CRASH__ADD(sought, classes,
				  (struct crash__sought_class){lost->number, survivor->number}) ?
			       0 :
			       no_memory();
	}
	return 0;
}

/* A finding lists no file, or one, or the first of several that were lost there: as it is found bit by bit.
 */
static int try_group(struct crash__sought *sought, const char *group, const struct site *lost,
		     const struct site *survivor)
{
	char *files[MOST_FILES], id[12];
	int error = take_match(sought, group, group, lost, survivor);

	for (unsigned int i = 0; i < lost->file_count && error == 0; i++) {
		memcpy(files, lost->files, sizeof files);
		crash__cause_id_of_files(group, &files[i], 1, id);
		error = take_match(sought, id, group, lost, survivor);
		if (i && error == 0) {
			crash__cause_id_of_files(group, files, i + 1, id);
			error = take_match(sought, id, group, lost, survivor);
		}
	}
	return error;
}

static int try_sites(struct crash__sought *sought, const struct site *lost, const struct site *survivor)
{
	int error = 0;
	char group[12];

	for (int kind = 0; kind < CRASH__VERDICT_KINDS && error == 0; kind++)
		for (int process = 0; process < 2 && error == 0; process++)
			for (int torn = 0; torn < 2 && error == 0; torn++) {
				if (!crash__verdict_failed((enum crash__verdict_kind)kind) ||
				    (torn && lost != survivor))
					continue;
				crash__cause_group((enum crash__verdict_kind)kind, process, torn,
						   lost->signature, survivor->signature, group);
				error = try_group(sought, group, lost, survivor);
			}
	return error;
}

static int match(struct crash__sought *sought, const struct sites *sites)
{
	int error = 0;

	for (struct site *lost = sites->table; lost && error == 0; lost = lost->hh.next)
		for (struct site *survivor = sites->table; survivor && error == 0;
		     survivor = survivor->hh.next)
			if (sites->count <= MOST_CALLSITES)
				error = try_sites(sought, lost, survivor);
	for (size_t i = 0; i < sought->findings_count; i++)
		sought->everything |= !*sought->findings[i].group;
	return error;
}

int crash__sought_begin(struct crash__sought *sought, const struct crash__engine *engine)
{
	struct sites sites = {NULL, 0};
	size_t steps = engine->options.fs->steps_count;
	int error;

	sought->engine = engine;
	sought->callsites = calloc(steps + 1, sizeof *sought->callsites);
	sought->previous = calloc(steps + 1, sizeof *sought->previous);
	error = sought->callsites && sought->previous ? number_callsites(sought, &sites) : no_memory();
	if (error == 0)
		error = match(sought, &sites);
	free_sites(&sites);
	return error;
}

/* ------------------------------------------------------------------ states */

static bool is_flipped(const struct crash__state *state, crash__atom_id id)
{
	for (uint32_t i = 0; i < state->count; i++)
		if (state->flipped[i] == id)
			return true;
	return false;
}

/* Whether a state lacks something of a step. */
static bool has_lost(const struct crash__atoms *atoms, const struct crash__state *state, uint32_t step)
{
	for (crash__atom_id id = atoms->first[step]; id < atoms->first[step + 1]; id++)
		if (crash__atom_is_open(&atoms->list[id], state->step) &&
		    is_flipped(state, id) == (state->reference == CRASH__EVERYTHING))
			return true;
	return false;
}

/* Whether a state lacks something that a callsite did. */
static bool has_lost_of(const struct crash__sought *sought, const struct crash__atoms *atoms,
			const struct crash__state *state, uint32_t callsite)
{
	uint32_t step = (uint32_t)state->step + 1;

	if (state->reference == CRASH__EVERYTHING) {
		for (uint32_t i = 0; i < state->count; i++)
			if (sought->callsites[atoms->list[state->flipped[i]].step] == callsite)
				return true;
		return false;
	}
	while (step && sought->callsites[step - 1] != callsite)
		step--;
	for (; step; step = sought->previous[step - 1])
		if (has_lost(atoms, state, step - 1))
			return true;
	return false;
}

bool crash__sought_wants(void *context, uint32_t model, const struct crash__state *state)
{
	struct crash__sought *sought = context;
	const struct crash__atoms *atoms = &sought->engine->atoms[model];
	uint32_t at = state->step < 0 ? 0 : sought->callsites[state->step];
	bool whole = state->reference == CRASH__EVERYTHING && state->count == 0, wanted = sought->everything;

	for (size_t i = 0; i < sought->classes_count && !wanted; i++)
		wanted = sought->classes[i].survivor == at &&
			 (whole || has_lost_of(sought, atoms, state, sought->classes[i].lost));
	sought->wanted += wanted;
	return wanted;
}

/* ------------------------------------------------------------------ the answer */

static const struct crash__cause *find_cause(const struct crash__sought_finding *finding,
					     const struct crash__causes *causes)
{
	for (size_t i = 0; i < causes->list_count; i++)
		if (strcmp(causes->list[i].id, finding->id) == 0 ||
		    (*finding->group && strcmp(causes->list[i].group, finding->group) == 0))
			return &causes->list[i];
	return NULL;
}

/*
 * Where nothing fails a finding is gone. Where something else does, it may be the same mistake, which shows
 * elsewhere.
 */
bool crash__sought_may_be_nested(const struct crash__sought_finding *finding)
{
	return !*finding->group && strncmp(finding->id, CRASH__NESTED_ID, strlen(CRASH__NESTED_ID)) == 0;
}

void crash__sought_answer(struct crash__sought *sought, const struct crash__causes *causes, bool complete)
{
	for (size_t i = 0; i < sought->findings_count; i++) {
		struct crash__sought_finding *finding = &sought->findings[i];

		finding->cause = find_cause(finding, causes);
		if (finding->cause)
			finding->answer = CRASH__SOUGHT_THERE;
		else if (complete && !crash__sought_may_be_nested(finding) &&
			 (sought->everything || causes->list_count == 0))
			finding->answer = CRASH__SOUGHT_GONE;
	}
}

void crash__sought_clear(struct crash__sought *sought)
{
	free(sought->findings);
	free(sought->classes);
	free(sought->callsites);
	free(sought->previous);
	memset(sought, 0, sizeof *sought);
}
