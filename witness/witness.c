/* SPDX-License-Identifier: MIT */
#include "explore/checkers/acked_files.h"
#include "witness/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/remove.h"
#include "explore/fs/fs_replay.h"
#include "explore/recording/pid_namespace.h"
#include "explore/recording/sandbox.h"
#include "explore/states/state_name.h"
#include "witness/interfere.h"
#include "witness/power_cut.h"
#include "witness/redo.h"
#include "witness/same_tree.h"
#include "witness/same_words.h"
#include "witness/show.h"

#define SHOWN_EVERY_MS 200
#define MOST_CUTS 24 /* of one run of the ops */

/* One search. */
struct search {
	const struct crash__witness_options *options;
	struct crash__witness *witness;
	struct crash__real_fs fs;
	const char *place; /* a directory of ours */
	struct crash__acked_files acked;
	char point[256];
	uint64_t random, started;
	struct crash__verdict verdict;
	/* of the run of the ops that is looked at */
	struct disk_note *notes;
	size_t first, count; /* the note that comes after the last op, and how many there are */
};

/* ------------------------------------------------------------------ the ops */

static int redo_all(struct search *search, struct crash__redo *redo, int64_t last, struct crash__mood *mood)
{
	int error = 0;

	search->first = disk_notes();
	for (int64_t step = 0; step <= last && error == 0; step++) {
		error = crash__redo_step(redo, step == last);
		search->first = disk_notes();
		if (error == 0 && mood && step < last)
			error = crash__interfere(mood, redo);
	}
	if (error == 0 && mood)
		error = crash__interfere_at_end(mood, redo);
	return error;
}

/* Does the ops up to a step on the starting tree, with interference or without. */
static int do_ops(struct search *search, int64_t last, struct crash__mood *mood)
{
	const struct crash__fs *fs = &search->options->replay->fs;
	struct crash__redo *redo = NULL;
	int error, unmounted;

	disk_load(search->fs.content);
	error = crash__real_fs_mount_good(&search->fs);
	if (error < 0)
		return error;
	error = crash__redo_open(fs, search->fs.data, search->fs.kind->shares, &redo);
	if (error == 0)
		error = redo_all(search, redo, last, mood);
	if (error == 0 && mood) {
		search->notes = disk_take_notes(&search->count);
		if (!search->notes)
			error = crash__fail(CRASH_ENOMEM, "no memory for what was written");
	}
	crash__redo_close(redo);
	unmounted = crash__real_fs_unmount(&search->fs);
	if (disk_is_full())
		return crash__fail(CRASH_ENOMEM, "the ops write more than the disk has room to note");
	return error < 0 ? error : unmounted;
}

/* ------------------------------------------------------------------ looking */

static int check(struct search *search, const struct crash__replay *replay, const char *point,
		 const char *state)
{
	const struct crash__showing showing = {.checker = search->options->checker,
					       .data = search->fs.data,
					       .directory = search->options->directory,
					       .acked = search->acked.path,
					       .acked_directory = search->acked.directory,
					       .point = point,
					       .state = state};
	int error = crash__acked_files_write(&search->acked, replay->state.acked), unmounted;

	if (error == 0)
		error = crash__show(&showing, &search->verdict);
	unmounted = crash__real_fs_unmount(&search->fs);
	if (error < 0 || unmounted < 0)
		return error < 0 ? error : unmounted;
	/* the checker has seen errors that a disk of its size does not have */
	return disk_is_full() ?
		       crash__fail(CRASH_ENOMEM, "the checker writes more than the disk has room for") :
		       0;
}

/* What the ops leave must be what the model says that they left: or another run would be looked at. */
static int compare_whole(struct search *search, struct crash__replay *whole)
{
	char where[PATH_MAX], model[PATH_MAX];
	int error, same = 1;

	snprintf(model, sizeof model, "%.4000s/whole", search->place);
	error = crash__replay_build(whole, model);
	if (error == 0)
		error = crash__real_fs_mount_good(&search->fs);
	if (error == 0) {
		same = crash__same_tree(model, search->fs.data, where);
		error = crash__real_fs_unmount(&search->fs);
	}
	crash__remove_tree(model, true);
	if (error < 0 || same < 0)
		return error < 0 ? error : same;
	return same ? 0 :
		      crash__fail(CRASH_EINVAL,
				  "the ops do not leave on %s what they left when they were "
				  "recorded: %s is another",
				  search->fs.kind->name, *where ? where : "the data directory");
}

/* Everything is done, and nothing is lost: who does not accept that says nothing of what is lost. */
static int check_whole(struct search *search)
{
	struct crash__replay whole = *search->options->replay;
	char point[256], state[sizeof whole.model.name + 24];
	int error = do_ops(search, (int64_t)whole.fs.steps_count - 1, NULL);

	whole.state = (struct crash__state){.step = (int64_t)whole.fs.steps_count - 1,
					    .reference = CRASH__EVERYTHING,
					    .acked = UINT64_MAX};
	if (error == 0)
		error = compare_whole(search, &whole);
	if (error < 0)
		return error;
	crash__point_name(&whole.fs, whole.state.step, point, sizeof point);
	snprintf(state, sizeof state, "%s@%lld", whole.model.name, (long long)whole.state.step);
	error = crash__real_fs_mount_good(&search->fs);
	if (error == 0)
		error = check(search, &whole, point, state);
	if (error == 0 && search->verdict.kind != CRASH__VERDICT_PASSED)
		error = crash__fail(CRASH_EINVAL,
				    "the checker does not accept what all ops leave on %s, without any power "
				    "cut (%s): %.*s",
				    search->fs.kind->name, crash__verdict_name(search->verdict.kind),
				    (int)search->verdict.output_length, search->verdict.output);
	return error;
}

/* ------------------------------------------------------------------ power cuts */

/* Cuts the power, recovers and checks. A disk that is not mounted has no verdict. */
static int look(struct search *search, const struct power_cut *power, uint64_t random)
{
	const struct crash__replay *replay = search->options->replay;
	int mounted;

	search->verdict.kind = CRASH__VERDICT_NONE;
	power_cut(power, &random);
	if (disk_is_full())
		return crash__fail(CRASH_ENOMEM, "the ops write more than the disk has room for");
	mounted = crash__real_fs_mount(&search->fs);
	if (mounted < 0)
		return mounted;
	if (mounted)
		return check(search, replay, search->point, search->options->state);
	if (power->sectors && !power->all)
		return 0;
	return crash__fail_errno("after a power cut the kernel does not mount the disk");
}

/* How near a failure is to the finding: 1: it is one, 2: of the same kind, 3: the checker says the same. */
static int likeness(const struct search *search)
{
	const struct crash__witness_options *options = search->options;
	const struct crash__verdict *verdict = &search->verdict;
	char output[CRASH__WITNESS_OUTPUT];

	if (verdict->kind != options->kind)
		return 1;
	snprintf(output, sizeof output, "%.*s", (int)verdict->output_length, verdict->output);
	return options->output && crash__same_words(output, options->output) ? 3 : 2;
}

/* It has failed twice. Of several failures the one that is nearest to the finding is kept. */
static int note_failure(struct search *search, const struct power_cut *power, uint64_t random)
{
	const struct crash__witness_options *options = search->options;
	const struct crash__verdict *verdict = &search->verdict;
	struct crash__witness *witness = search->witness;
	int near = likeness(search);

	if (near <= witness->seen + witness->alike + witness->same)
		return 0;
	witness->seen = true;
	witness->alike = near >= 2;
	witness->same = near >= 3;
	witness->cut = witness->cuts;
	witness->kind = verdict->kind;
	snprintf(witness->output, sizeof witness->output, "%.*s", (int)verdict->output_length,
		 verdict->output);
	if (!options->image)
		return 0;
	power_cut(power, &random);
	return disk_keep(options->image);
}

static int cut_once(struct search *search, const struct power_cut *power)
{
	uint64_t random = crash__random(&search->random);
	int error = look(search, power, random);

	if (error < 0)
		return error;
	search->witness->cuts += search->verdict.kind != CRASH__VERDICT_NONE;
	search->witness->unmounted += search->verdict.kind == CRASH__VERDICT_NONE;
	if (search->verdict.kind <= CRASH__VERDICT_PASSED)
		return 0;
	error = look(search, power, random);
	if (error < 0)
		return error;
	if (search->verdict.kind > CRASH__VERDICT_FLAKY)
		return note_failure(search, power, random);
	search->witness->flaky++;
	return 0;
}

static bool is_over(const struct search *search)
{
	const struct crash__witness_options *options = search->options;

	return search->witness->same || search->witness->cuts + search->witness->unmounted >= options->cuts ||
	       (options->ns && crash__now_ns() - search->started >= options->ns);
}

/* Of few places each one, with everything and with a part; of many some. */
static int cut_run(struct search *search)
{
	size_t places = search->count - search->first + 1;
	bool every = places <= MOST_CUTS / 2, sectors = crash__random_below(&search->random, 2);
	size_t cuts = every ? 2 * places : MOST_CUTS;
	int error = 0;

	for (size_t i = 0; i < cuts && error == 0 && !is_over(search); i++) {
		size_t place = every ? i / 2 : crash__random_below(&search->random, places);
		const struct power_cut power = {.content = search->fs.content,
						.notes = search->notes,
						.cut = search->first + place,
						.all = every ? i % 2 :
							       !crash__random_below(&search->random, 4),
						.sectors = sectors};

		error = cut_once(search, &power);
	}
	return error;
}

static int cut_all(struct search *search)
{
	int64_t last = search->options->replay->state.step;
	int error = 0;

	while (error == 0 && !is_over(search)) {
		struct crash__mood mood;

		crash__interfere_begin(&mood, &search->fs, &search->random);
		error = do_ops(search, last, &mood);
		if (error == 0)
			error = cut_run(search);
		disk_notes_free(search->notes, search->count);
		search->notes = NULL;
		search->count = 0;
		search->witness->runs++;
	}
	return error;
}

/* ------------------------------------------------------------------ the whole */

/* What the recording lacks would be missing on the disk as well. */
static int check_possible(const struct crash__replay *replay)
{
	char sentences[CRASH__MISSES][CRASH__MISSED];

	if (replay->live)
		return crash__fail(CRASH_EINVAL, "the starting tree is not in the recording");
	if (crash__fs_missed(&replay->fs, sentences))
		return crash__fail(CRASH_EINVAL, "the recording is not whole: %s", sentences[0]);
	if (crash__trace_names_pid_namespace(&replay->trace))
		return crash__fail(CRASH_EINVAL, "the data names the pid namespace that it was made in, and "
						 "checkers have one of their own here");
	return 0;
}

static uint64_t recorded_bytes(const struct crash__fs *fs)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < fs->steps_count; i++)
		if (fs->steps[i].event->kind == CRASH__EVENT_OP)
			bytes += fs->steps[i].event->data_bytes;
	return bytes;
}

static int find(struct search *search)
{
	const struct crash__replay *replay = search->options->replay;
	int error = crash__sandbox_enter_plain("/");

	search->fs.kind = search->options->file_system;
	search->fs.options = search->options->mount_options;
	search->fs.base = crash__base_directory(replay->base);
	crash__point_name(&replay->fs, replay->state.step, search->point, sizeof search->point);
	umask(0);
	if (error == 0)
		error = crash__acked_files_open(&search->acked, &replay->fs, search->place);
	if (error == 0)
		error = crash__real_fs_make(&search->fs, search->place, recorded_bytes(&replay->fs));
	if (error == 0)
		error = check_whole(search);
	search->started = crash__now_ns();
	if (error == 0)
		error = cut_all(search);
	return error;
}

/* What comes back from the process that does it. */
struct answer {
	bool there;
	int error;
	char detail[CRASH__DETAIL];
	struct crash__witness witness;
};

static _Noreturn void run(const struct crash__witness_options *options, const char *place,
			  struct answer *answer)
{
	static struct search search;

	setsid();
	search.options = options;
	search.witness = &answer->witness;
	search.random = options->seed;
	search.place = place;
	answer->error = find(&search);
	if (answer->error < 0)
		snprintf(answer->detail, sizeof answer->detail, "%s", crash_error_detail());
	answer->there = true;
	_exit(0);
}

/* Its numbers are the child's, and may be a moment old. */
static void await(const struct crash__witness_options *options, pid_t pid, const struct answer *answer)
{
	struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	while (options->progress && ended.fd >= 0 && poll(&ended, 1, SHOWN_EVERY_MS) <= 0)
		options->progress(options->context, &answer->witness);
	if (ended.fd >= 0)
		close(ended.fd);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static int run_bound(const struct crash__witness_options *options, const char *place, struct answer *answer)
{
	pid_t pid = crash__sandbox_fork(true, SIGKILL);

	if (pid == 0)
		run(options, place, answer);
	if (pid > 0)
		await(options, pid, answer);
	if (pid < 0)
		return crash__fail_errno("cannot make namespaces");
	if (!answer->there)
		return crash__fail(CRASH_EKEEPER, "the process that cuts the power was killed");
	return answer->error < 0 ? crash__fail(answer->error, "%s", answer->detail) : 0;
}

int crash__witness_find(const struct crash__witness_options *options, struct crash__witness *witness)
{
	struct answer *answer;
	struct crash__guardian place = {0};
	int error;

	if (geteuid() != 0)
		return crash__fail(CRASH_ESYSTEM, "it needs root, to make and mount a file system");
	error = check_possible(options->replay);
	if (error < 0)
		return error;
	answer = mmap(NULL, sizeof *answer, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED)
		return crash__fail_errno("no memory for a witness");
	error = crash__scratch_make(&place, 1);
	if (error == 0)
		error = run_bound(options, place.path, answer);
	crash__scratch_remove(&place);
	if (error == 0)
		*witness = answer->witness;
	munmap(answer, sizeof *answer);
	return error;
}
