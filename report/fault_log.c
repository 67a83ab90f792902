/* SPDX-License-Identifier: MIT */
#include "report/fault_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "explore/recording/mirror.h"
#include "explore/recording/recording_digest.h"
#include "report/identity.h"
#include "report/verdict_log.h"
#include "symbols/callsite.h"

/* ------------------------------------------------------------------ whose outcomes */

/* An op by its call and its file, without what differs from run to run. */
static json_t *op_json(const struct crash__recording *recording, const struct crash__injection *injection)
{
	const struct crash__event *event = recording->fs.steps[injection->step].event;
	const char *path =
		crash__mirror_original(recording->top, crash__event_path(&recording->trace, event));
	char *name = crash__callsite_stable_name(path ? path : "");
	json_t *op = json_pack("[s, i, o]", injection->name, (int)event->kernel, crash__json_string(name));

	free(name);
	return op;
}

static json_t *digests_json(const struct crash__checker_files *files)
{
	json_t *digests = json_array();

	for (size_t i = 0; i < files->list_count; i++)
		json_array_append_new(digests, json_string(files->list[i].digest));
	return digests;
}

static int make_key(const struct crash__fault_whose *whose, const struct crash__injections *injections,
		    char key[CRASH__DIGEST_TEXT])
{
	const struct crash__checker *checker = whose->checker;
	char tree[CRASH__DIGEST_TEXT];
	json_t *ops = json_array(), *whole;
	int error = crash__base_digest(whose->recording->base, whose->place, tree);

	for (size_t i = 0; i < injections->list_count; i++)
		json_array_append_new(ops, op_json(whose->recording, &injections->list[i]));
	whole = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "version", crash_version(),
			  "faults", ops, "tree", tree, "files", digests_json(whose->files), "program_files",
			  digests_json(whose->program), "check", crash__json_string(checker->check),
			  "check_server", crash__json_string(checker->check_server), "recover",
			  crash__json_string(checker->recover), "program",
			  crash__json_list(checker->program));
	crash__json_digest(whole, key);
	json_decref(whole);
	return error;
}

/* ------------------------------------------------------------------ reading */

struct taking {
	struct crash__fault_sweep *sweep;
	const struct crash__injection **by_name; /* of the sweep, sorted */
};

static int compare_names(const void *one, const void *other)
{
	return strcmp((*(const struct crash__injection *const *)one)->name,
		      (*(const struct crash__injection *const *)other)->name);
}

static int by_name(const void *name, const void *injection)
{
	return strcmp(name, (*(const struct crash__injection *const *)injection)->name);
}

static struct crash__fault_outcome *find(const struct taking *taking, const char *name)
{
	const struct crash__injections *injections = taking->sweep->injections;
	const struct crash__injection **found =
		bsearch(name, taking->by_name, injections->list_count, sizeof *taking->by_name, by_name);

	return found ? &taking->sweep->outcomes[*found - injections->list] : NULL;
}

static int take_outcome(void *context, char *line)
{
	json_t *object = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(object, "fault"));
	struct crash__fault_outcome *known = name ? find(context, name) : NULL, outcome;
	bool good = known && crash__fault_outcome_take(json_object_get(object, "outcome"), &outcome);

	if (good) {
		crash__fault_outcome_clear(known);
		*known = outcome;
	}
	json_decref(object);
	return good;
}

static int take_loss(void *context, char *line)
{
	json_t *explored = context, *object = json_loads(line, 0, NULL),
	       *loss = json_object_get(object, "loss");
	const char *name = json_string_value(json_object_get(object, "fault"));
	bool good = name && json_is_object(loss) && json_object_set(explored, name, loss) == 0;

	json_decref(object);
	return good;
}

int crash__fault_log_open(struct crash__fault_log *log, const char *directory)
{
	int error;

	*log = (struct crash__fault_log){.outcomes.fd = -1, .losses.fd = -1, .verdicts.fd = -1};
	error = crash__kept_log_open(&log->outcomes, directory, "outcomes", "crashinject-outcomes 1");
	if (error == 0)
		error = crash__kept_log_open(&log->losses, directory, "losses", "crashinject-losses 1");
	return error == 0 ? crash__verdicts_open(&log->verdicts, directory) : error;
}

/* Somebody else's lines are the user's to remove; damaged ones are found out anew. */
static int go_on(struct crash__kept_log *kept, const char *key, crash__kept_line *take, void *context,
		 char **damaged)
{
	struct crash__kept_lines read;
	char *more = NULL;
	int error = crash__kept_log_go_on(kept, key, take, context, &read);

	if (error < 0 || !read.damaged)
		return error;
	if (asprintf(&more, "%s%s%s from line %llu on", *damaged ? *damaged : "", *damaged ? ", and " : "",
		     kept->path, (unsigned long long)read.damaged) < 0)
		return crash__fail(CRASH_ENOMEM, "no memory for outcomes");
	free(*damaged);
	*damaged = more;
	return 0;
}

static int take_outcomes(struct crash__fault_log *log, struct crash__fault_sweep *sweep, char **damaged)
{
	size_t count = sweep->injections->list_count;
	struct taking taking = {sweep, calloc(count + 1, sizeof *taking.by_name)};
	int error;

	if (!taking.by_name)
		return crash__fail(CRASH_ENOMEM, "no memory for outcomes");
	for (size_t i = 0; i < count; i++)
		taking.by_name[i] = &sweep->injections->list[i];
	qsort(taking.by_name, count, sizeof *taking.by_name, compare_names);
	error = go_on(&log->outcomes, log->key, take_outcome, &taking, damaged);
	free(taking.by_name);
	return error;
}

int crash__fault_log_begin(struct crash__fault_log *log, const struct crash__fault_whose *whose,
			   struct crash__fault_sweep *sweep, char **damaged)
{
	int error;

	*damaged = NULL;
	log->explored = json_object();
	error = make_key(whose, sweep->injections, log->key);
	if (error < 0)
		return error;
	if (!crash__kept_log_is(&log->outcomes, log->key))
		return crash__fail(CRASH_EINVAL,
				   "%s is of other faults: the program, the checker or the data directory is "
				   "not what it was; start again with another --output",
				   log->outcomes.path);
	error = take_outcomes(log, sweep, damaged);
	return error == 0 ? go_on(&log->losses, log->key, take_loss, log->explored, damaged) : error;
}

const json_t *crash__fault_log_loss(const struct crash__fault_log *log,
				    const struct crash__injection *injection)
{
	return json_object_get(log->explored, injection ? injection->name : "");
}

int crash__fault_log_know(struct crash__fault_log *log, const struct crash__explore_options *options,
			  struct crash__exploration *exploration)
{
	char key[CRASH__DIGEST_TEXT];
	struct crash__kept_lines read;
	json_t *identity = NULL;
	int error;

	if (log->verdicts.fd < 0)
		return 0;
	error = crash__identity_make(options, &exploration->recording, &identity);
	if (error < 0)
		return error;
	crash__identity_key(identity, key);
	json_decref(identity);
	return crash__verdicts_go_on(&log->verdicts, key, exploration->engine, &read);
}

/* ------------------------------------------------------------------ writing */

static void add(struct crash__kept_log *kept, const struct crash__injection *injection, const char *what,
		json_t *value)
{
	json_t *object = json_pack("{s:s, s:o}", "fault", injection ? injection->name : "", what, value);
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	if (text)
		crash__kept_log_add(kept, text);
	else
		kept->error = ENOMEM;
	free(text);
	json_decref(object);
}

void crash__fault_log_add(struct crash__fault_log *log, const struct crash__injection *injection,
			  const struct crash__fault_outcome *outcome)
{
	if (log->outcomes.fd >= 0)
		add(&log->outcomes, injection, "outcome", crash__fault_outcome_json(outcome));
}

void crash__fault_log_add_loss(struct crash__fault_log *log, const struct crash__injection *injection,
			       json_t *loss)
{
	if (log->losses.fd >= 0)
		add(&log->losses, injection, "loss", json_incref(loss));
}

static struct crash__kept_log *log_number(const struct crash__fault_log *log, int number)
{
	const struct crash__kept_log *all[] = {&log->outcomes, &log->losses, &log->verdicts};

	return (struct crash__kept_log *)(uintptr_t)all[number];
}

void crash__fault_log_forget(struct crash__fault_log *log)
{
	for (int i = 0; i < 3; i++)
		crash__kept_log_forget(log_number(log, i));
}

int crash__fault_log_error(const struct crash__fault_log *log, const char **path)
{
	for (int i = 0; i < 3; i++)
		if (log_number(log, i)->error) {
			*path = log_number(log, i)->path;
			return log_number(log, i)->error;
		}
	return 0;
}

void crash__fault_log_close(struct crash__fault_log *log)
{
	for (int i = 0; i < 3; i++)
		crash__kept_log_close(log_number(log, i));
	json_decref(log->explored);
	log->explored = NULL;
}
