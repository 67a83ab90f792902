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

#include "base/error.h"
#include "base/remove.h"
#include "explore/atoms/atom_set.h"
#include "explore/checkers/acked_files.h"
#include "explore/checkers/checker_mounts.h"
#include "explore/checkers/checker_server.h"
#include "explore/checkers/opened_files.h"
#include "explore/sight/look.h"
#include "explore/check/recovered_state.h"
#include "explore/check/worker_trees.h"
#include "explore/recording/network.h"
#include "runner/process_tree.h"

/* Of the states that pass, one of so many is compared with what a fresh checker server says, and more of the
 * first ones: what a server remembers it has seen early, and many an exploration ends soon. */
#define PASSED_COMPARED 100
#define FIRST_COMPARED 8

struct worker {
	const struct crash__worker_config *config;
	struct crash__worker_trees trees;
	struct crash__mounts mounts;
	struct crash__acked_files acked;
	int channel;
	unsigned int passed; /* by a checker server that had seen other states */
	bool looked;	     /* a checker server was shown what is no crash state */
	bool remembers;	     /* it says of a state what depends on others */
	struct crash__recovered_state recovered;
	struct crash__opened_files opened; /* of the final state */
	struct crash__verdict verdict, first;
};

/* Alone, it is killed when we end; else it ends what it has started. */
static pid_t fork_worker(const struct crash__worker_config *config)
{
	int death = crash__worker_is_alone(config) ? SIGKILL : SIGTERM;

	return crash__worker_has_mounts(config) ? crash__sandbox_fork(crash__worker_is_alone(config), death) :
						  crash__fork_bound(death);
}

/* Where the tree will be that recovery leaves. */
static void look_out(struct worker *worker, enum crash__reference reference, const char *where)
{
	struct crash__recovered_state *recovered = &worker->recovered;

	recovered->where = where;
	recovered->space = worker->config->namespaces ? worker->trees.sandbox.space : -1;
	recovered->layer = crash__worker_tree(reference);
	for (int i = 0; i < 2; i++)
		recovered->layers[i] = worker->trees.instances[i].layer;
}

/* ------------------------------------------------------------------ looks */

/* An empty directory in the place of all; an overlay would have to hide each file alone. */
static int remove_all(const struct worker *worker, const char *where)
{
	char empty[PATH_MAX];

	if (worker->config->namespaces) {
		crash__worker_trees_path(&worker->trees, "empty", empty);
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
	crash__worker_trees_path(&worker->trees, "empty", empty);
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
		error = crash__checker_run(&checker, check, crash__worker_is_alone(worker->config),
					   &worker->verdict);
	ended = end_look(worker, order->look, check->directory);
	return error < 0 ? error : ended;
}

static int check_once(struct worker *worker, const struct crash__check_request *order, const char *point,
		      const char *state)
{
	bool asks = worker->config->asks && order->look <= CRASH__LOOK_WATCHED;
	char where[PATH_MAX] = "";
	struct crash__check check = {.directory = where,
				     .cwd = worker->trees.cwds[order->reference],
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
		error = crash__worker_trees_show(&worker->trees, order->reference, where);
	if (error == 0)
		error = crash__mounts_note(&worker->mounts, where);
	if (error == 0) {
		error = run_checker(worker, order, &check);
		crash__recovered_state_end_round(&worker->recovered);
		unmounted = crash__mounts_restore(&worker->mounts);
		crash__worker_trees_let_go(&worker->trees);
	}
	hidden = crash__worker_trees_hide(&worker->trees, order->reference, where);
	return error < 0 ? error : unmounted < 0 ? unmounted : hidden;
}

/* The same by a checker server that has seen no other state. */
static int check_afresh(struct worker *worker, const struct crash__check_request *order, const char *point,
			const char *state)
{
	crash__checker_server_end(crash__worker_is_alone(worker->config));
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
		crash__checker_server_end(crash__worker_is_alone(worker->config));
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
	const struct crash__atoms *atoms = worker->trees.atoms;
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
	struct crash__instance *instance;
	int error, back;

	instance = &worker->trees.instances[order->reference];
	error = crash__worker_trees_advance(&worker->trees, order->reference, order->step);
	if (error < 0)
		return error;
	if (order->count == 0)
		return check_state(worker, order, point, state);
	crash__view_choose(instance->view, order->choice);
	error = crash__view_flip(instance->view, flipped, order->count, &difference);
	if (error == 0)
		error = crash__instance_move(instance, difference);
	if (error == 0)
		error = check_state(worker, order, point, state);
	crash__view_unflip(instance->view);
	back = crash__instance_move(instance, difference);
	crash__view_choose(instance->view, 0);
	if (error < 0 || back < 0)
		crash__instance_clear(instance);
	return error < 0 ? error : back;
}

static int work(struct worker *worker, const struct crash__check_request *order,
		const crash__atom_id *flipped, const char *point, const char *state)
{
	struct crash__check_request same = *order;
	crash__atom_id *lost;
	int error;

	if (order->reference > CRASH__DURABLE)
		return crash__fail(CRASH_EINVAL, "a state that is compared with nothing");
	crash__worker_trees_take(&worker->trees, &worker->config->atoms[order->model]);
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

static void reset_signals(bool alone)
{
	sigset_t none;

	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* what is too large is an error */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	/* when our parent has ended: without a pid namespace what the checker started does not end with us */
	if (!alone)
		signal(SIGTERM, crash__tree_end);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* Ctrl-C is for our parent */
}

static int enter(struct worker *worker, unsigned int number)
{
	const struct crash__worker_config *config = worker->config;
	int error = crash__worker_trees_begin(&worker->trees, number);

	if (error == 0)
		error = crash__acked_files_open(&worker->acked, config->acks ? config->acks : config->fs,
						worker->trees.place);
	return error < 0 ? error : crash__worker_trees_enter(&worker->trees);
}

static _Noreturn void run(const struct crash__worker_config *config, unsigned int number, int channel)
{
	static struct worker worker;
	int error;

	reset_signals(crash__worker_is_alone(config));
	worker.config = config;
	worker.channel = channel;
	worker.recovered = (struct crash__recovered_state){
		.acked = &worker.acked, .mounts = &worker.mounts, .channel = channel};
	crash__recovered_tree_begin(&worker.recovered.tree, config->fs->base);
	worker.trees.config = config;
	worker.trees.recovered = &worker.recovered.tree;
	error = config->checker->own_network ? crash__network_enter() : 0;
	if (error == 0)
		error = enter(&worker, number);
	worker.mounts.list = worker.opened.events = -1;
	if (error == 0 && crash__worker_has_mounts(worker.config))
		error = crash__mounts_open(&worker.mounts);
	if (chdir("/") < 0)
		error = crash__fail_errno("/");
	if (error == 0 && config->namespaces)
		error = crash__sandbox_stay(&worker.trees.sandbox);
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
