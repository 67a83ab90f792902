/* SPDX-License-Identifier: MIT */
#include "explore/check/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/error.h"
#include "base/kept_copy.h"
#include "base/remove.h"
#include "explore/atoms/atom_set.h"
#include "explore/checkers/acked_files.h"
#include "explore/checkers/checker_mounts.h"
#include "explore/checkers/checker_server.h"
#include "explore/checkers/opened_files.h"
#include "explore/layer/layer.h"
#include "explore/sight/look.h"
#include "explore/check/recovered_state.h"
#include "explore/recording/mirror.h"
#include "explore/recording/network.h"
#include "explore/recording/sandbox.h"
#include "explore/states/view_new.h"
#include "runner/process_tree.h"

/* Of the states that pass, one of so many is compared with what a fresh checker server says, and more of the
 * first ones: what a server remembers it has seen early, and many an exploration ends soon. */
#define PASSED_COMPARED 100
#define FIRST_COMPARED 8

/* A tree on disk that stands at a step. */
struct instance {
	struct crash__view *view;
	struct crash__layer *layer, *shown; /* the other is for checkers, where it is a copy that is kept */
	struct crash__kept_copy *copy;	    /* of that */
	bool noted, damaged;		    /* during a check; and it could not be made what it was */
};

struct worker {
	const struct crash__worker_config *config;
	/* where copies are kept: what the trees were as the starting tree, and those for checkers */
	struct crash__kept_copy *begun[2], *shown_begun[2];
	struct crash__sandbox sandbox;
	struct crash__mounts mounts;
	struct instance instances[2];	  /* by enum crash__reference */
	const struct crash__atoms *atoms; /* of the model that they are of */
	char place[PATH_MAX];		  /* without namespaces: a directory of ours */
	bool keeps;			  /* copies for checkers are not made anew for each */
	struct crash__change_clock clock; /* for that */
	struct crash__acked_files acked;
	char cwds[2][PATH_MAX]; /* where the program runs as the checker */
	int channel;
	unsigned int passed; /* by a checker server that had seen other states */
	bool looked;	     /* a checker server was shown what is no crash state */
	bool remembers;	     /* it says of a state what depends on others */
	struct crash__recovered_state recovered;
	struct crash__opened_files opened; /* of the final state */
	struct crash__verdict verdict, first;
};

static const char *const trees[2] = {"tree", "durable"}, *const stores[2] = {"store", "durable-store"};
/* For checkers, where there is no overlay. */
static const char *const shown_trees[2] = {"state", "durable-state"}, *const shown_stores[2] = {
									      "state-store",
									      "durable-state-store"};

static bool has_mounts(const struct crash__worker_config *config)
{
	return config->namespaces || config->mounted;
}

/* Whether a worker has a pid namespace: all that it starts ends with it. */
static bool is_alone(const struct crash__worker_config *config)
{
	return has_mounts(config) && !config->same_pids;
}

/* Alone, it is killed when we end; else it ends what it has started. */
static pid_t fork_worker(const struct crash__worker_config *config)
{
	int death = is_alone(config) ? SIGKILL : SIGTERM;

	return has_mounts(config) ? crash__sandbox_fork(is_alone(config), death) : crash__fork_bound(death);
}

/* ------------------------------------------------------------------ places */

static void path_of(const struct worker *worker, const char *name, char out[PATH_MAX])
{
	if (worker->config->namespaces)
		crash__sandbox_path(&worker->sandbox, name, out);
	else if (snprintf(out, PATH_MAX, "%s/%s", worker->place, name) >= PATH_MAX)
		out[0] = '\0';
}

/* Which of two copies a checker gets; if they are not kept there is one. */
static const char *copy_for(const struct worker *worker, enum crash__reference reference)
{
	return shown_trees[worker->keeps ? reference : 0];
}

static void shown_path(const struct worker *worker, enum crash__reference reference, char out[PATH_MAX])
{
	char copy[PATH_MAX];

	path_of(worker, copy_for(worker, reference), copy);
	snprintf(out, PATH_MAX, "%.2000s%.2000s", copy,
		 worker->config->mounted ? "" : worker->config->directory);
}

/*
 * A checker server may go on to write to a file of one state while another one is in its place: each state
 * has files of its own then.
 */
static int enter_copies(struct worker *worker)
{
	const char *directory = worker->config->directory, *cwd = worker->config->checker->cwd;
	char path[PATH_MAX];
	int error = 0;

	worker->keeps = !worker->config->checker->check_server &&
			crash__change_clock_open(&worker->clock, worker->place);
	if (worker->config->mounted)
		return crash__sandbox_enter_plain(directory);
	for (int i = 0; i < 2 && error == 0; i++) {
		path_of(worker, shown_trees[i], path);
		error = crash__mirror_make(path, directory);
		path_of(worker, copy_for(worker, (enum crash__reference)i), path);
		if (cwd)
			crash__mirror_path(path, directory, cwd, worker->cwds[i]);
	}
	return error;
}

static int enter(struct worker *worker, unsigned int number)
{
	static const char *const *const places[] = {trees, stores, shown_trees, shown_stores};
	const char *cwd = worker->config->checker->cwd;
	char path[PATH_MAX];
	int error;

	if (snprintf(worker->place, sizeof worker->place, "%s/worker-%u", worker->config->scratch, number) >=
	    (int)sizeof worker->place)
		return crash__fail(CRASH_EDIR, "%s: this path is too long", worker->config->scratch);
	if (mkdir(worker->place, 0700) < 0 && errno != EEXIST)
		return crash__fail_errno("cannot make %s", worker->place);
	error = crash__acked_files_open(&worker->acked,
					worker->config->acks ? worker->config->acks : worker->config->fs,
					worker->place);
	if (error < 0)
		return error;
	for (int i = 0; i < 2 && cwd; i++)
		snprintf(worker->cwds[i], sizeof worker->cwds[i], "%s", cwd);
	if (worker->config->namespaces)
		return crash__sandbox_enter(&worker->sandbox, worker->config->directory,
					    crash__base_directory(worker->config->fs->base));
	for (size_t i = 0; i < 2 * sizeof places / sizeof *places; i++) {
		path_of(worker, places[i / 2][i % 2], path);
		/* an earlier worker of this number may have left something */
		if ((mkdir(path, 0700) < 0 && errno != EEXIST) || crash__remove_tree(path, false) < 0)
			return crash__fail_errno("cannot make %s", path);
	}
	return enter_copies(worker);
}

/* ------------------------------------------------------------------ instances */

static void clear_instance(struct instance *instance)
{
	crash__view_free(instance->view);
	crash__layer_free(instance->layer);
	crash__layer_free(instance->shown);
	crash__kept_copy_free(instance->copy);
	memset(instance, 0, sizeof *instance);
}

/* An empty tree, and an empty store for it. */
static int empty(const char *tree, const char *store)
{
	return crash__remove_tree(tree, false) < 0 || crash__remove_tree(store, false) < 0 ?
		       crash__fail_errno("cannot empty %s", tree) :
		       0;
}

static int keep(struct worker *worker, const char *tree, struct crash__kept_copy **copy)
{
	*copy = crash__kept_copy_new(&worker->clock, tree);
	return *copy ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a copy");
}

/* Makes a tree the starting tree: anew, or by what was changed since it was that. */
static int begin_tree(struct worker *worker, const char *tree, const char *store,
		      struct crash__kept_copy **begun)
{
	const char *base = crash__base_directory(worker->config->fs->base);
	bool there = *begun && crash__remove_tree(store, false) == 0 &&
		     crash__kept_copy_restore(*begun, base) == 0;
	int error = there ? 0 : empty(tree, store);

	if (error == 0 && !there)
		error = crash__copy_tree(base, tree);
	if (error == 0 && worker->keeps && !*begun)
		error = keep(worker, tree, begun);
	if (error == 0 && worker->keeps)
		error = crash__kept_copy_note(*begun, true);
	if (error < 0) {
		crash__kept_copy_free(*begun);
		*begun = NULL;
	}
	return error;
}

/* The copy that checkers get is moved as the tree is that it is a copy of. */
static int make_shown(struct worker *worker, enum crash__reference reference)
{
	struct instance *instance = &worker->instances[reference];
	char tree[PATH_MAX], store[PATH_MAX];
	int error;

	shown_path(worker, reference, tree);
	path_of(worker, shown_stores[reference], store);
	error = begin_tree(worker, tree, store, &worker->shown_begun[reference]);
	if (error == 0)
		error = keep(worker, tree, &instance->copy);
	return error < 0 ? error : crash__layer_new(worker->config->fs, tree, store, false, &instance->shown);
}

static int make_instance(struct worker *worker, enum crash__reference reference)
{
	struct instance *instance = &worker->instances[reference];
	const struct crash__worker_config *config = worker->config;
	char tree[PATH_MAX], store[PATH_MAX];
	int error;

	clear_instance(instance);
	crash__recovered_tree_clear(&worker->recovered.tree); /* its files are going to be others */
	path_of(worker, trees[reference], tree);
	path_of(worker, stores[reference], store);
	error = config->namespaces ? empty(tree, store) :
				     begin_tree(worker, tree, store, &worker->begun[reference]);
	if (error == 0)
		error = crash__view_new(worker->atoms, reference, &instance->view);
	if (error == 0)
		error = crash__layer_new(config->fs, tree, store, config->namespaces, &instance->layer);
	return error == 0 && worker->keeps ? make_shown(worker, reference) : error;
}

static int move(struct instance *instance, const struct crash__difference *difference)
{
	int error = crash__layer_move(instance->layer, instance->view, difference);

	return error == 0 && instance->shown ?
		       crash__layer_move(instance->shown, instance->view, difference) :
		       error;
}

/* Moves a tree to a step; they only go forward. */
static int advance(struct worker *worker, enum crash__reference reference, int64_t step)
{
	struct instance *instance = &worker->instances[reference];
	const struct crash__difference *difference;
	int error = 0;

	if (!instance->view || instance->damaged || crash__view_step(instance->view) > step)
		error = make_instance(worker, reference);
	if (error == 0 && crash__view_step(instance->view) < step) {
		error = crash__view_advance_difference(instance->view, step, &difference);
		if (error == 0)
			error = move(instance, difference);
	}
	if (error < 0)
		clear_instance(instance); /* it is somewhere in between */
	return error;
}

/* ------------------------------------------------------------------ one state */

/*
 * Without an overlay a check gets a copy of its own, or one that is made what it was afterwards; without
 * namespaces it is at another path.
 */
static int show_copy(struct worker *worker, enum crash__reference reference, const char *tree,
		     char where[PATH_MAX])
{
	struct instance *instance = &worker->instances[reference];
	const char *directory = worker->config->directory;
	char copy[PATH_MAX];
	int error;

	shown_path(worker, reference, copy);
	snprintf(where, PATH_MAX, "%s", worker->config->mounted ? directory : copy);
	error = worker->keeps ? crash__kept_copy_note(instance->copy, false) : crash__copy_tree(tree, copy);
	instance->noted = worker->keeps && error == 0;
	return error == 0 && worker->config->mounted ? crash__sandbox_bind(copy, directory) : error;
}

static int show_state(struct worker *worker, enum crash__reference reference, char where[PATH_MAX])
{
	char tree[PATH_MAX];

	if (worker->config->namespaces) {
		snprintf(where, PATH_MAX, "%s", worker->sandbox.directory);
		return crash__sandbox_mount(&worker->sandbox, trees[reference]);
	}
	path_of(worker, trees[reference], tree);
	return show_copy(worker, reference, tree, where);
}

static int restore(struct worker *worker, enum crash__reference reference)
{
	struct instance *instance = &worker->instances[reference];
	char tree[PATH_MAX];
	int error;

	if (!instance->noted)
		return 0;
	path_of(worker, trees[reference], tree);
	error = crash__kept_copy_restore(instance->copy, tree);
	instance->noted = false;
	instance->damaged = error < 0;
	return error;
}

static int hide_state(struct worker *worker, enum crash__reference reference, const char *where)
{
	char copy[PATH_MAX];

	if (worker->config->namespaces)
		return crash__sandbox_unmount(&worker->sandbox);
	if (worker->config->mounted && where[0] && crash__sandbox_unbind(worker->config->directory) < 0) {
		worker->instances[reference].damaged = true;
		return crash__fail_errno("cannot unmount %s", where);
	}
	if (worker->keeps)
		return restore(worker, reference);
	shown_path(worker, reference, copy);
	return crash__remove_tree(copy, false) < 0 ? crash__fail_errno("cannot empty %s", copy) : 0;
}

/* A checker server that has files of a state open is of no use for the next one, which has its place. */
static void let_go(struct worker *worker)
{
	if (worker->config->checker->check_server && worker->config->namespaces &&
	    crash__sandbox_is_busy(&worker->sandbox))
		crash__checker_server_end(is_alone(worker->config));
}

/* Where the tree will be that recovery leaves. */
static void look_out(struct worker *worker, enum crash__reference reference, const char *where)
{
	struct crash__recovered_state *recovered = &worker->recovered;

	recovered->where = where;
	recovered->space = worker->config->namespaces ? worker->sandbox.space : -1;
	recovered->layer = trees[reference];
	for (int i = 0; i < 2; i++)
		recovered->layers[i] = worker->instances[i].layer;
}

/* ------------------------------------------------------------------ looks */

/* An empty directory in the place of all; an overlay would have to hide each file alone. */
static int remove_all(const struct worker *worker, const char *where)
{
	char empty[PATH_MAX];

	if (worker->config->namespaces) {
		path_of(worker, "empty", empty);
		return crash__sandbox_bind(empty, where);
	}
	return crash__remove_tree(where, false) < 0 ? crash__fail_errno("cannot empty %s", where) : 0;
}

/* What is made of the state that is shown. */
static int begin_look(struct worker *worker, const struct crash__check_request *order, const char *where)
{
	uint32_t look = order->look;

	if (look == CRASH__LOOK_EMPTIED)
		return crash__look_empty(worker->config->sight, where);
	if (look == CRASH__LOOK_RETURNED)
		return crash__look_return(worker->config->sight, where);
	if (look == CRASH__LOOK_MISSING)
		return crash__look_remove(worker->config->sight, where, order->file);
	if (look == CRASH__LOOK_REMOVED)
		return remove_all(worker, where);
	if (look == CRASH__LOOK_WATCHED)
		crash__opened_files_begin(&worker->opened, where);
	return 0;
}

static int end_look(struct worker *worker, uint32_t look, const char *where)
{
	void *sight = (void *)(uintptr_t)worker->config->sight;
	char empty[PATH_MAX];

	if (look == CRASH__LOOK_WATCHED) {
		crash__opened_files_take(&worker->opened, crash__sight_opened, sight);
		worker->config->sight->seen->watched |= crash__opened_files_end(&worker->opened);
	}
	if (look != CRASH__LOOK_REMOVED || !worker->config->namespaces)
		return 0;
	path_of(worker, "empty", empty);
	if (crash__sandbox_unbind(where) < 0)
		return crash__fail_errno("cannot unmount %s", where);
	return crash__remove_tree(empty, false) < 0 ? crash__fail_errno("cannot empty %s", empty) : 0;
}

/* What recovery has opened counts, and what we open does not. */
static bool ask_recovered(void *context, struct crash__verdict *verdict)
{
	struct worker *worker = context;
	void *sight = (void *)(uintptr_t)worker->config->sight;
	bool known;

	crash__opened_files_take(&worker->opened, crash__sight_opened, sight);
	known = crash__recovered_state_ask(&worker->recovered, verdict);
	crash__opened_files_take(&worker->opened, NULL, NULL);
	return known;
}

/* ------------------------------------------------------------------ a check */

static int run_checker(struct worker *worker, const struct crash__check_request *order,
		       const struct crash__check *check)
{
	struct crash__checker checker = *worker->config->checker;
	int error, ended;

	if (order->timeout_ms)
		checker.timeout_ms = order->timeout_ms;
	error = begin_look(worker, order, check->directory);
	if (error == 0)
		error = crash__checker_run(&checker, check, is_alone(worker->config), &worker->verdict);
	ended = end_look(worker, order->look, check->directory);
	return error < 0 ? error : ended;
}

static int check_once(struct worker *worker, const struct crash__check_request *order, const char *point,
		      const char *state)
{
	bool asks = worker->config->asks && order->look <= CRASH__LOOK_WATCHED;
	char where[PATH_MAX] = "";
	struct crash__check check = {.directory = where,
				     .cwd = worker->cwds[order->reference],
				     .point = point,
				     .state = state,
				     .acked = worker->acked.path,
				     .acked_directory = worker->acked.directory,
				     .keeps = true,
				     .recovered = asks ? ask_recovered : NULL,
				     .context = worker};
	int error = crash__acked_files_write(&worker->acked,
					     worker->config->acks ? worker->config->acked : order->acked),
	    unmounted = 0, hidden;

	look_out(worker, order->reference, where);
	if (error == 0)
		error = show_state(worker, order->reference, where);
	if (error == 0)
		error = crash__mounts_note(&worker->mounts, where);
	if (error == 0) {
		error = run_checker(worker, order, &check);
		crash__recovered_state_end_round(&worker->recovered);
		unmounted = crash__mounts_restore(&worker->mounts);
		let_go(worker);
	}
	hidden = hide_state(worker, order->reference, where);
	return error < 0 ? error : unmounted < 0 ? unmounted : hidden;
}

/* The same by a checker server that has seen no other state. */
static int check_afresh(struct worker *worker, const struct crash__check_request *order, const char *point,
			const char *state)
{
	crash__checker_server_end(is_alone(worker->config));
	return check_once(worker, order, point, state);
}

/* The first few, then those whose number is a power of two, then each hundredth. */
static bool is_compared(unsigned int passed)
{
	return passed <= FIRST_COMPARED || (passed & (passed - 1)) == 0 || passed % PASSED_COMPARED == 0;
}

/* Some of the states that pass are looked at again by a server that does not know the others. */
static int compare_passed(struct worker *worker, const struct crash__check_request *order, const char *point,
			  const char *state, bool fresh)
{
	if (fresh || !is_compared(++worker->passed))
		return 0;
	return check_afresh(worker, order, point, state);
}

/* A state that fails is checked again: only what fails twice is a failure. */
static int check_state(struct worker *worker, const struct crash__check_request *order, const char *point,
		       const char *state)
{
	bool fresh, failed;
	uint64_t ns;
	int error;

	crash__recovered_state_next(&worker->recovered, order->number);
	if (order->look > CRASH__LOOK_WATCHED) {
		worker->looked = true;
		return check_once(worker, order, point, state); /* that is no verdict on a crash state */
	}
	if (worker->remembers || worker->looked)
		crash__checker_server_end(is_alone(worker->config));
	worker->looked = false;
	error = check_once(worker, order, point, state);
	fresh = !worker->config->checker->check_server || crash__checker_server_is_fresh();
	failed = worker->verdict.kind > CRASH__VERDICT_PASSED;
	if (error == 0 && !failed) {
		error = compare_passed(worker, order, point, state, fresh);
		if (worker->verdict.kind > CRASH__VERDICT_PASSED)
			worker->remembers = fresh = failed = true;
	}
	if (error < 0 || !failed)
		return error;
	worker->first = worker->verdict;
	error = check_afresh(worker, order, point, state);
	ns = worker->first.ns + worker->verdict.ns;
	if (error == 0 && worker->verdict.kind == CRASH__VERDICT_PASSED && !fresh)
		worker->remembers = true;
	else if (error == 0 && worker->verdict.kind == CRASH__VERDICT_PASSED)
		worker->first.kind = CRASH__VERDICT_FLAKY;
	if (fresh || worker->verdict.kind != CRASH__VERDICT_PASSED)
		worker->verdict = worker->first;
	worker->verdict.ns = ns;
	return error;
}

/*
 * Where lost data shows as something else than usual, the tree with only what is durable has other bytes in
 * it. Such a state is made of everything that was done. The list is allocated.
 */
static crash__atom_id *without_reference(const struct worker *worker, struct crash__check_request *order,
					 const crash__atom_id *flipped)
{
	const struct crash__atoms *atoms = worker->atoms;
	crash__atom_id *lost = calloc(atoms->first[order->step + 1] + 1, sizeof *lost);
	uint32_t at = 0, count = 0;

	for (crash__atom_id id = 0; lost && id < atoms->first[order->step + 1]; id++) {
		while (at < order->count && flipped[at] < id)
			at++;
		if (crash__atom_is_open(&atoms->list[id], order->step) &&
		    !(at < order->count && flipped[at] == id))
			lost[count++] = id;
	}
	order->reference = CRASH__EVERYTHING;
	order->count = count;
	return lost;
}

static int build_and_check(struct worker *worker, const struct crash__check_request *order,
			   const crash__atom_id *flipped, const char *point, const char *state)
{
	const struct crash__difference *difference;
	struct instance *instance;
	int error, back;

	instance = &worker->instances[order->reference];
	error = advance(worker, order->reference, order->step);
	if (error < 0)
		return error;
	if (order->count == 0)
		return check_state(worker, order, point, state);
	crash__view_choose(instance->view, order->choice);
	error = crash__view_flip(instance->view, flipped, order->count, &difference);
	if (error == 0)
		error = move(instance, difference);
	if (error == 0)
		error = check_state(worker, order, point, state);
	crash__view_unflip(instance->view);
	back = move(instance, difference);
	crash__view_choose(instance->view, 0);
	if (error < 0 || back < 0)
		clear_instance(instance);
	return error < 0 ? error : back;
}

static void take_model(struct worker *worker, uint32_t model)
{
	const struct crash__atoms *atoms = &worker->config->atoms[model];

	for (int i = 0; i < 2 && worker->atoms != atoms; i++)
		clear_instance(&worker->instances[i]);
	worker->atoms = atoms;
}

static int work(struct worker *worker, const struct crash__check_request *order,
		const crash__atom_id *flipped, const char *point, const char *state)
{
	struct crash__check_request same = *order;
	crash__atom_id *lost;
	int error;

	if (order->reference > CRASH__DURABLE)
		return crash__fail(CRASH_EINVAL, "a state that is compared with nothing");
	take_model(worker, order->model);
	if (order->reference != CRASH__DURABLE || !order->choice)
		return build_and_check(worker, order, flipped, point, state);
	lost = without_reference(worker, &same, flipped);
	error = lost ? build_and_check(worker, &same, lost, point, state) :
		       crash__fail(CRASH_ENOMEM, "no memory for a state");
	free(lost);
	return error;
}

/* ------------------------------------------------------------------ the process */

static bool result(struct worker *worker, uint64_t number, int error)
{
	const char *detail = crash_error_detail(), *bytes = error < 0 ? detail : worker->verdict.output;
	struct crash__check_result result = {
		.number = number,
		.error = error,
		.kind = error < 0 ? CRASH__VERDICT_NONE : worker->verdict.kind,
		.exit_code = worker->verdict.exit_code,
		.signal = worker->verdict.signal,
		.checker_ns = worker->verdict.ns,
		.remembers = worker->remembers,
		.recovered = worker->recovered.hash,
		.flags = error < 0		 ? 0 :
			 worker->recovered.equal ? CRASH__RESULT_EQUAL :
			 worker->recovered.known ? CRASH__RESULT_RECOVERED :
						   0,
		.output_bytes = (uint32_t)(error < 0 ? strlen(detail) : worker->verdict.output_length),
	};

	return crash__send_all(worker->channel, &result, sizeof result) &&
	       crash__send_all(worker->channel, bytes, result.output_bytes);
}

static _Noreturn void serve(struct worker *worker, int unusable)
{
	struct crash__check_request order;

	while (crash__receive_all(worker->channel, &order, sizeof order)) {
		crash__atom_id *flipped = calloc(order.count + 1, sizeof *flipped);
		char *names = malloc(order.point_bytes + order.state_bytes + 1);
		int error = unusable;

		if (!flipped || !names ||
		    !crash__receive_all(worker->channel, flipped, order.count * sizeof *flipped) ||
		    !crash__receive_all(worker->channel, names, order.point_bytes + order.state_bytes))
			break;
		if (error == 0)
			error = work(worker, &order, flipped, names, names + order.point_bytes);
		free(flipped);
		free(names);
		if (!result(worker, order.number, error))
			break;
	}
	_exit(0);
}

static void ignore_reaped(pid_t pid, int status)
{
	(void)pid;
	(void)status;
}

/* Our parent has ended. Without a pid namespace, what the checker started does not end with us. */
static void end_all(int signal)
{
	crash__tree_kill(ignore_reaped);
	_exit(128 + signal);
}

static void reset_signals(bool alone)
{
	sigset_t none;

	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* what is too large is an error */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!alone)
		signal(SIGTERM, end_all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* Ctrl-C is for our parent */
}

static _Noreturn void run(const struct crash__worker_config *config, unsigned int number, int channel)
{
	static struct worker worker;
	int error;

	reset_signals(is_alone(config));
	worker.config = config;
	worker.channel = channel;
	worker.recovered = (struct crash__recovered_state){
		.acked = &worker.acked, .mounts = &worker.mounts, .channel = channel};
	crash__recovered_tree_begin(&worker.recovered.tree, config->fs->base);
	error = config->checker->own_network ? crash__network_enter() : 0;
	if (error == 0)
		error = enter(&worker, number);
	worker.mounts.list = worker.opened.events = -1;
	if (error == 0 && has_mounts(worker.config))
		error = crash__mounts_open(&worker.mounts);
	if (chdir("/") < 0)
		error = crash__fail_errno("/");
	if (error == 0 && config->namespaces)
		error = crash__sandbox_stay(&worker.sandbox);
	serve(&worker, error);
}

pid_t crash__worker_start(const struct crash__worker_config *config, unsigned int number, int *channel)
{
	sigset_t all, before;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return crash__fail_errno("cannot make a socket");
	/* our handlers are not the worker's, from its first moment on */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork_worker(config);
	if (pid == 0) {
		close(ends[0]);
		run(config, number, ends[1]);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return crash__fail_errno("cannot start a worker");
	}
	*channel = ends[0];
	return pid;
}
