/* SPDX-License-Identifier: MIT */
/*
 * run.c - one run from request to result.
 *
 * The order of things: everything that can be refused is refused before anything is made; then the
 * control block, the pipes and the keeper; then reading until the keeper has ended; then the result.
 */
#include "runner/run.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/error.h"
#include "runner/bind_rules.h"
#include "runner/capture.h"
#include "runner/channel_file.h"
#include "runner/environment.h"
#include "runner/keeper.h"
#include "runner/out.h"
#include "runner/process_tree.h"
#include "runner/program.h"
#include "runner/run_chunks.h"
#include "runner/setup.h"
#include "symbols/breakpoint_sites.h"

#define DEFAULT_TIMEOUT_MS 30000

struct run {
	const struct crash__request *request;
	struct crash__job job;
	struct crash__program program;
	struct crash__symbols *symbols, *own_symbols;
	struct crash__capture capture;
	struct crash__filter filter;
	char path[PATH_MAX], preload[PATH_MAX], alloc[PATH_MAX];
	char *dir;     /* CRASH_DIR, absolute */
	uint64_t seed; /* of the rules that leave it to chance */
	bool made_dir;
	char **argv, **envp; /* envp's strings are ours, argv's are not */
	struct crash__session session;
	int opened[8]; /* descriptors to close */
	unsigned int open_count;
};

struct crash__request crash__request_new(void)
{
	return (struct crash__request){.trace = -1, .in = -1, .out = -1, .err = -1};
}

/* ------------------------------------------------------------------ descriptors */

static int keep_fd(struct run *run, int fd)
{
	assert(run->open_count < sizeof run->opened / sizeof *run->opened);
	if (fd >= 0)
		run->opened[run->open_count++] = fd;
	return fd;
}

static void close_fd(struct run *run, int fd)
{
	for (unsigned int i = 0; i < run->open_count; i++)
		if (run->opened[i] == fd) {
			close(fd);
			run->opened[i] = run->opened[--run->open_count];
			return;
		}
}

/* Makes a pipe; the reading end does not block. */
static int make_pipe(struct run *run, int *reading, int *writing)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return crash__fail_errno("cannot make a pipe");
	*reading = keep_fd(run, ends[0]);
	*writing = keep_fd(run, ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static int choose_streams(struct run *run)
{
	const struct crash__request *request = run->request;
	uint32_t flags = request->opts.flags;
	int error = 0;

	run->capture.out = run->capture.err = -1;
	run->capture.drops = request->drops_output;
	run->job.program.in = request->in;
	run->job.program.out = request->out;
	run->job.program.err = request->err;
	if (run->job.program.in < 0 && (flags & CRASH_INHERIT_STDIN))
		run->job.program.in = 0;
	if (run->job.program.in < 0)
		run->job.program.in = keep_fd(run, open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (run->job.program.in < 0)
		return crash__fail_errno("/dev/null");
	if (run->job.program.out < 0 && (flags & CRASH_INHERIT_STDOUT))
		run->job.program.out = 1;
	if (run->job.program.err < 0 && (flags & CRASH_INHERIT_STDERR))
		run->job.program.err = 2;
	if (run->job.program.out < 0)
		error = make_pipe(run, &run->capture.out, &run->job.program.out);
	if (error == 0 && run->job.program.err < 0)
		error = make_pipe(run, &run->capture.err, &run->job.program.err);
	if (error == 0)
		error = make_pipe(run, &run->capture.wake, &run->job.wake);
	return error;
}

/* ------------------------------------------------------------------ preparing */

static int build_argv(struct run *run)
{
	const struct crash_opts *opts = &run->request->opts;
	size_t count = crash__list_count(opts->args);

	run->argv = calloc(count + 2, sizeof *run->argv);
	if (!run->argv)
		return crash__fail(CRASH_ENOMEM, "no memory for the arguments");
	run->argv[0] = (char *)(uintptr_t)(opts->program ? opts->program : "crashinject-helper");
	for (size_t i = 0; i < count; i++)
		run->argv[i + 1] = (char *)(uintptr_t)opts->args[i];
	return 0;
}

static int choose_directory(struct run *run)
{
	const char *given = run->request->opts.dir, *base = getenv("TMPDIR");
	char path[PATH_MAX];
	struct stat status;

	if (given) {
		if (!realpath(given, path))
			return crash__fail(CRASH_EDIR, "%s: %s", given, strerror(errno));
		if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
			return crash__fail(CRASH_EDIR, "%s is not a directory", given);
	} else {
		snprintf(path, sizeof path, "%s/crash-dir-XXXXXX", base && *base ? base : "/tmp");
		if (!mkdtemp(path))
			return crash__fail(CRASH_EDIR, "cannot make %s: %s", path, strerror(errno));
		run->made_dir = true;
	}
	run->dir = strdup(path);
	return run->dir ? 0 : crash__fail(CRASH_ENOMEM, "no memory for a path");
}

static int check_cwd(const char *cwd)
{
	struct stat status;

	if (cwd && stat(cwd, &status) < 0)
		return crash__fail(CRASH_EDIR, "%s: %s", cwd, strerror(errno));
	if (cwd && !S_ISDIR(status.st_mode))
		return crash__fail(CRASH_EDIR, "%s is not a directory", cwd);
	return 0;
}

static int find_program(struct run *run)
{
	const struct crash_opts *opts = &run->request->opts;
	int error = crash__program_find(run->argv[0], opts->cwd, run->path);

	if (error == CRASH_ENOPROGRAM && !opts->program) {
		if (!crash__beside("/proc/self/exe", "crashinject-helper", run->path))
			snprintf(run->path, sizeof run->path, "%s/crashinject-helper", BINDIR);
		error = access(run->path, X_OK) == 0 ? 0 : error;
	}
	return error < 0 ? error : crash__program_check(run->path, &run->program);
}

static int refuse_secure(const struct run *run)
{
	return crash__fail(
		CRASH_ENOSHIM,
		"%s is setuid or setgid, or has file capabilities, and the dynamic linker preloads "
		"nothing into such programs; run a copy without%s",
		run->path, geteuid() != 0 ? ", or run as root" : "");
}

static int refuse_static(const struct run *run)
{
	return crash__fail(CRASH_ENOSHIM,
			   "%s is statically linked, so nothing can be preloaded into it, and there is no "
			   "seccomp filter that would see its calls, because the kernel refused it or "
			   "--no-supervisor was given; link it dynamically, or name points with "
			   "crashinject/breakpoint.h and link libcrashpoint.a",
			   run->path);
}

/* The filter may take away what makes it secure. */
static bool is_secure(const struct run *run)
{
	bool keeps = !(run->job.control->mode & CRASH__MODE_SUPERVISOR) || !crash__filter_takes_rights();

	return run->program.kind != CRASH__PROGRAM_STATIC &&
	       (keeps ? run->program.secure : run->program.secure_anyway);
}

/* The shim cannot come along: then nothing would be seen, and every point be "not reached". */
static int check_shim(const struct run *run, const struct crash__plan *plan)
{
	const struct crash__program *program = &run->program;
	struct crash__control *control = run->job.control;
	bool watched = control->mode & CRASH__MODE_SUPERVISOR;
	bool secure = is_secure(run);

	if (crash__control_watches_allocations(control) &&
	    (secure || program->kind == CRASH__PROGRAM_STATIC || program->kind == CRASH__PROGRAM_OTHER_LIBC))
		crash__control_incomplete(control, CRASH__INCOMPLETE_ALLOCATIONS, run->path);
	if (!plan->count) {
		if (secure && !watched && (control->mode & CRASH__MODE_RECORD))
			crash__control_incomplete(control, CRASH__INCOMPLETE_SECURE, run->path);
		return 0;
	}
	if (watched && !plan->explicit_rules)
		return 0;
	if (secure)
		return refuse_secure(run);
	if (program->kind == CRASH__PROGRAM_STATIC && !watched && crash__plan_has_calls(plan))
		return refuse_static(run);
	if (program->kind != CRASH__PROGRAM_OTHER_LIBC)
		return 0; /* libcrashpoint may be in a static one; if it is not, the run says so */
	if (!watched)
		return crash__fail(CRASH_ENOSHIM, "%s uses %s and not glibc, for which the shim is built",
				   run->path, program->interpreter);
	crash__control_incomplete(control, CRASH__INCOMPLETE_NO_SHIM, run->path); /* for its points */
	return 0;
}

static int set_root(struct crash__control *control, const char *root)
{
	char path[PATH_MAX];

	if (!root)
		return 0;
	if (!realpath(root, path))
		return crash__fail(CRASH_EDIR, "--root %s: %s", root, strerror(errno));
	strcpy(control->root, path);
	return 0;
}

static void set_limits(struct run *run)
{
	const struct crash_opts *opts = &run->request->opts;
	uint32_t timeout = opts->timeout_ms ? opts->timeout_ms : DEFAULT_TIMEOUT_MS;
	uint32_t linger = opts->linger_ms ? opts->linger_ms : CRASH__DEFAULT_LINGER_MS;

	run->job.timeout = timeout == CRASH_NO_TIMEOUT ? 0 : (uint64_t)timeout * 1000;
	run->job.linger = (uint64_t)linger * 1000;
}

static bool has_log(const struct crash__plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++)
		if (plan->rules[i].action == CRASH__LOG)
			return true;
	return false;
}

/* Where records go: the caller's file, or memory for the log. */
static int open_trace(struct run *run)
{
	run->job.trace = run->request->trace;
	if (run->job.trace < 0)
		run->job.trace = keep_fd(run, memfd_create("crashinject-trace", MFD_CLOEXEC));
	if (run->job.trace < 0)
		return crash__fail_errno("cannot make memory for the trace");
	return crash__run_chunk_start(&run->job, run->path, run->request->scenario);
}

/* Explicit points alone need nobody who watches system calls. */
static bool watches_calls(const struct crash__plan *plan, uint32_t mode)
{
	return (mode & CRASH__MODE_RECORD) || crash__plan_has_calls(plan);
}

static bool may_filter(const struct run *run)
{
	return !(run->request->opts.flags & CRASH_NO_SUPERVISOR) && crash__filter_possible();
}

/* Compares the rules with the program. Points that are not in it may come by the channel from where no shim
 * is, and then somebody has to watch that alone. */
static int bind(struct run *run)
{
	struct crash__control *control = run->job.control;
	bool elsewhere = false;
	int error = crash__scenario_bind(control, run->path, run->symbols, &elsewhere);

	if (error == 0 && elsewhere && !run->job.filter && !crash__control_watches_calls(control) &&
	    may_filter(run)) {
		control->mode |= CRASH__MODE_SUPERVISOR;
		crash__filter_build_channel(&run->filter, crash__program_stub(run->preload));
		run->job.filter = &run->filter;
	}
	return error;
}

/* The shells that ask a server and use it are watched like the server itself. */
static int prepare_session(struct run *run, bool shim)
{
	const struct crash__server *server = &run->request->server;
	struct crash__program shell;
	int error;

	if (!server->client)
		return 0;
	run->session.ready = server->ready;
	run->session.client = server->client;
	run->session.ready_timeout =
		(uint64_t)(server->ready_timeout_ms ? server->ready_timeout_ms : CRASH__DEFAULT_READY_MS) *
		1000;
	run->session.stop = server->stop ? server->stop : SIGTERM;
	run->job.session = &run->session;
	error = crash__environment_make(run->request, run->dir, &run->session.envp);
	if (error == 0 && shim)
		error = crash__program_check("/bin/sh", &shell);
	if (error == 0 && shim)
		error = crash__environment_add_shim(run->session.envp, &run->job, &shell, false);
	return error;
}

static bool watches_allocations(const struct crash__plan *plan, uint32_t mode)
{
	return (mode & (CRASH__MODE_ALLOCATIONS | CRASH__MODE_ALLOCATION_SITES)) ||
	       crash__plan_names(plan, CRASH__FAMILY_ALLOC);
}

/* Makes the control block and puts the plan there. */
static int set_up(struct run *run, const struct crash__plan *plan)
{
	const struct crash__request *request = run->request;
	uint32_t mode = CRASH__MODE_KEEPER | CRASH__MODE_PATCH | request->mode;
	bool shim = plan->count || request->mode, watch = watches_calls(plan, mode);
	bool allocations = watches_allocations(plan, mode);
	struct crash__modules modules = {run->preload, allocations ? run->alloc : NULL};
	int error = shim ? crash__program_preload(request->opts.preload, run->preload) : 0;

	if (error == 0 && allocations)
		error = crash__program_alloc(run->preload, run->alloc);
	if (watch && may_filter(run))
		mode |= CRASH__MODE_SUPERVISOR;
	if (request->opts.flags & CRASH_ALLOW_IO_URING)
		mode |= CRASH__MODE_IO_URING;
	if (has_log(plan) && !(mode & CRASH__MODE_RECORD))
		mode |= CRASH__MODE_RECORD | CRASH__MODE_LOGGED;
	if (error == 0)
		error = crash__setup(&run->job, request->place, mode,
				     mode & CRASH__MODE_RECORD ? CRASH__MAX_RINGS : 0,
				     shim ? &modules : NULL);
	if (error < 0)
		return error;
	memcpy(&run->job.control->plan, plan, sizeof *plan);
	run->job.io_uring = request->opts.flags & CRASH_ALLOW_IO_URING;
	if (mode & CRASH__MODE_SUPERVISOR) {
		crash__filter_build(&run->filter, crash__program_stub(run->preload), mode & CRASH__MODE_ACKS,
				    plan);
		run->job.filter = &run->filter;
	} else if (watch) {
		crash__control_incomplete(run->job.control, CRASH__INCOMPLETE_NO_SUPERVISOR, NULL);
	}
	error = set_root(run->job.control, request->opts.root);
	if (error == 0 && (mode & CRASH__MODE_RECORD))
		error = open_trace(run);
	if (error == 0)
		error = bind(run);
	if (error == 0)
		error = check_shim(run, plan);
	if (error == 0 && shim)
		error = crash__environment_add_shim(run->envp, &run->job, &run->program, true);
	return error == 0 ? prepare_session(run, shim) : error;
}

/* Short enough to be typed. */
static uint64_t any_seed(void)
{
	uint32_t seed;

	return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : (uint64_t)getpid();
}

static int prepare(struct run *run)
{
	const struct crash__request *request = run->request;
	struct crash__plan *plan = calloc(1, sizeof *plan);
	const char *after = NULL;
	int error = plan ? 0 : crash__fail(CRASH_ENOMEM, "no memory for the plan");

	run->symbols = request->symbols;
	if (error == 0 && !run->symbols && !(run->symbols = run->own_symbols = crash__symbols_new()))
		error = crash__fail(CRASH_ENOMEM, "no memory for symbols");
	if (error == 0)
		error = build_argv(run);
	if (error == 0)
		error = check_cwd(request->opts.cwd);
	if (error == 0)
		error = find_program(run);
	if (error == 0)
		error = choose_directory(run);
	if (error == 0)
		error = crash__environment_make(request, run->dir, &run->envp);
	if (error == 0) {
		after = crash__environment_get(run->envp, "CRASH_AFTER=");
		error = crash__scenario_parse(plan, request->scenario, after);
		run->seed = request->has_seed ? request->seed : any_seed();
		crash__plan_draw(plan, run->seed);
	}
	run->job.program.path = run->path;
	run->job.program.argv = run->argv;
	run->job.program.envp = run->envp;
	run->job.cwd = request->opts.cwd;
	run->job.trace_most = request->trace_most;
	run->job.device = request->device;
	set_limits(run);
	if (error == 0)
		error = choose_streams(run);
	if (error == 0)
		error = set_up(run, plan);
	free(plan);
	return error;
}

/* ------------------------------------------------------------------ running */

static void tell(void *context, char message)
{
	struct run *run = context;

	run->request->tell(run->request->context, message, run->job.control, run->job.report->pid);
}

static int await_end(struct run *run)
{
	pid_t reaped;
	int error;

	run->capture.keeper = keep_fd(run, (int)syscall(SYS_pidfd_open, run->job.keeper, 0));
	run->capture.every_ms = run->request->every_ms;
	run->capture.context = run;
	run->capture.tell = run->request->tell ? tell : NULL;
	error = run->capture.keeper < 0 ?
			crash__fail_errno("pidfd_open is refused, by a kernel before 5.3 or by a seccomp "
					  "filter, for instance of a container") :
			0;
	atomic_store(&run->job.report->watched, 1);
	if (error == 0)
		error = crash__capture_run(&run->capture);
	if (error < 0) { /* nobody wants to know any more how it ends */
		atomic_store(&run->job.report->interrupt, 1);
		crash__control_ring_bell(run->job.control);
	}
	do
		reaped = waitpid(run->job.keeper, NULL, __WALL);
	while (reaped < 0 && errno == EINTR);
	return error;
}

/* Where exec failed, errno says why; some of it can be said better. */
static int explain_start(const struct run *run)
{
	int error = run->job.report->error;
	struct crash__program first;

	/* run->program is what the script's interpreter is */
	crash__program_inspect(AT_FDCWD, run->path, &first);
	if (error == ENOENT && first.kind == CRASH__PROGRAM_SCRIPT)
		return crash__fail(CRASH_ENOEXEC, "%s: its interpreter %s does not exist", run->path,
				   first.interpreter);
	if (error == ENOENT && run->program.interpreter[0])
		return crash__fail(CRASH_ENOEXEC, "%s: its dynamic linker %s does not exist", run->path,
				   run->program.interpreter);
	if (error == ENOEXEC)
		return crash__fail(CRASH_ENOEXEC,
				   "%s is neither a binary nor a script with #! in its first line",
				   run->path);
	return crash__fail(CRASH_ENOEXEC, "%s: %s", run->path, strerror(error));
}

/* Points of a static program that nobody attends to. If libcrashpoint is of another version it has said so.
 */
static bool has_dead_points(const struct run *run)
{
	const struct crash__control *control = run->job.control;

	return control->plan.explicit_rules && run->program.kind == CRASH__PROGRAM_STATIC &&
	       !atomic_load(&control->strangers) &&
	       crash__program_points(AT_FDCWD, run->path) == CRASH__HAS_POINTS;
}

/* Whether its points may come by the channel, or one has. */
static bool uses_channel(const struct run *run)
{
	struct crash__found_sites found;
	bool uses = false;

	for (int i = 0; i < CRASH__POINTS && !uses; i++)
		uses = atomic_load(&run->job.control->points[i].hits) > 0;
	if (!uses && crash__sites_find(run->path, &found) == 0) {
		uses = found.channel;
		crash__sites_clear(&found);
	}
	return uses;
}

/* A plan that no process has read is not a run. */
static int check_loaded(const struct run *run)
{
	const struct crash__control *control = run->job.control;
	int error;

	if (!control->plan.count || atomic_load(&control->loaded) || run->job.report->timed_out ||
	    ((control->mode & CRASH__MODE_SUPERVISOR) &&
	     (crash__control_watches_calls(control) || uses_channel(run))))
		return 0;
	error = check_shim(run, &control->plan); /* the kernel may have refused the filter meanwhile */
	if (error < 0)
		return error;
	if (atomic_load(&control->strangers))
		return crash__fail(CRASH_ENOSHIM,
				   "%s has a preload module, or libcrashpoint, of another version of "
				   "crashinject than the command; its output says: %.200s",
				   run->path, run->capture.err_data.data ? run->capture.err_data.data : "");
	if (run->program.kind == CRASH__PROGRAM_STATIC &&
	    !(crash__program_points(AT_FDCWD, run->path) & CRASH__ATTENDS_POINTS))
		return crash__fail(CRASH_ENOSHIM,
				   "%s is statically linked and not linked with libcrashpoint.a", run->path);
	return crash__fail(CRASH_ENOSHIM, "the shim never loaded into %s; its output says: %.200s", run->path,
			   run->capture.err_data.data ? run->capture.err_data.data : "");
}

/* Where it was left to chance: the rules by which it happens again. */
static int fill_again(const struct run *run, struct crash_out *result)
{
	const struct crash__plan *plan = &run->job.control->plan;
	const char *after = crash__environment_get(run->envp, "CRASH_AFTER=");

	if (!crash__plan_has_chance(plan))
		return 0;
	result->again = crash__scenario_again(plan, run->request->scenario, after, run->seed);
	return result->again ? 0 : crash__fail(CRASH_ENOMEM, "no memory for the result");
}

static int collect(struct run *run, struct crash_out *result)
{
	uint32_t state = atomic_load(&run->job.report->state);
	int error;

	if (state == 1)
		return explain_start(run);
	if (state != 2) {
		atomic_store(&run->job.control->dead, CRASH__DEAD); /* whatever is left does no more ops */
		crash__tree_kill_orphans(run->job.directory);
		return crash__fail(CRASH_EKEEPER, "the keeper (process %d) ended before the program",
				   (int)run->job.keeper);
	}
	error = check_loaded(run);
	if (error < 0)
		return error;
	error = crash__out_fill(result, &run->job, run->request->scenario);
	if (error == 0)
		error = fill_again(run, result);
	if (error == 0 && has_dead_points(run))
		error = crash__out_incomplete(result, CRASH__INCOMPLETE_NO_SHIM, run->path);
	if (error == 0 && crash__channel_has_lost(&run->job))
		error = crash__out_incomplete(result, CRASH__INCOMPLETE_CHANNEL_LOST, NULL);
	if (error == 0 && run->request->names)
		error = crash__out_name(result, run->symbols);
	if (error < 0)
		return error;
	error = crash__run_chunk_end(&run->job, result);
	if (error == 0 && (run->job.control->mode & CRASH__MODE_LOGGED))
		error = crash__run_read_log(&run->job, result);
	if (error < 0)
		return error;
	result->stdout_data = run->capture.out_data.data;
	result->stdout_len = run->capture.out_data.length;
	result->stderr_data = run->capture.err_data.data;
	result->stderr_len = run->capture.err_data.length;
	result->dir = run->dir;
	result->reserved[0] = run->made_dir && !(run->request->opts.flags & CRASH_KEEP_DIR) ? result : NULL;
	run->capture.out_data.data = run->capture.err_data.data = run->dir = NULL;
	run->made_dir = false;
	return 0;
}

static void clear(struct run *run)
{
	if (run->made_dir)
		rmdir(run->dir);
	while (run->open_count)
		close(run->opened[--run->open_count]);
	crash__environment_free(run->envp);
	crash__environment_free(run->session.envp);
	free(run->argv);
	free(run->dir);
	free(run->capture.out_data.data);
	free(run->capture.err_data.data);
	crash__symbols_free(run->own_symbols);
	crash__setup_clear(&run->job);
}

int crash__run(const struct crash__request *request, struct crash_out *out)
{
	struct run *run = calloc(1, sizeof *run);
	struct crash_out result = {0};
	int error;

	if (!run)
		return crash__fail(CRASH_ENOMEM, "no memory for a run");
	crash__fail_clear();
	run->request = request;
	run->job.control_fd = run->job.channel = run->job.trace = -1;
	run->capture.keeper = -1;
	error = prepare(run);
	if (error == 0)
		error = crash__keeper_start(&run->job);
	if (error == 0) {
		/* or the pipes would never end */
		if (run->capture.out >= 0)
			close_fd(run, run->job.program.out);
		if (run->capture.err >= 0)
			close_fd(run, run->job.program.err);
		close_fd(run, run->job.wake);
		error = await_end(run);
	}
	if (error == 0)
		error = collect(run, &result);
	if (error == 0)
		*out = result;
	else
		crash_out_clear(&result);
	clear(run);
	free(run);
	return error;
}

int crash_run(const char *scenario, const struct crash_opts *opts, struct crash_out *out)
{
	struct crash__request request = crash__request_new();

	if (!out)
		return crash__fail(CRASH_EINVAL, "out is NULL");
	if (opts)
		request.opts = *opts;
	request.scenario = scenario;
	request.names = true;
	return crash__run(&request, out);
}
