/* SPDX-License-Identifier: MIT */
#include "tests/real/jail.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/programs/older_libc.h"
#include "tests/run/reflinks.h"

/* ------------------------------------------------------------------ directories */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)walk;
	return type == FTW_DP || type == FTW_DNR ? rmdir(path) : unlink(path);
}

static int open_up(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)walk;
	return type == FTW_D || type == FTW_DNR ? chmod(path, 0700) : 0;
}

void sandbox_clear(const char *path)
{
	nftw(path, open_up, 16, FTW_PHYS);
	nftw(path, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
}

static const char *must_have(const char *variable)
{
	const char *value = getenv(variable);

	if (value && *value)
		return value;
	printf("SKIP: all: %s is not set; run by make check\n", variable);
	exit(77);
}

static char *entry(const char *name, const char *value)
{
	char *text;

	if (asprintf(&text, "%s=%s", name, value) < 0)
		abort();
	return text;
}

void sandbox_make(struct sandbox *sandbox, const char *name)
{
	const char *temporary = getenv("TMPDIR"), *source = getenv("srcdir");
	char path[sizeof sandbox->base], *home, *real = realpath(source ? source : ".", NULL);
	size_t count = 0;

	memset(sandbox, 0, sizeof *sandbox);
	sandbox->preload = must_have("CRASHINJECT_PRELOAD");
	must_have("CRASHINJECT");
	snprintf(path, sizeof path, "%s/crash-%s-XXXXXX", temporary && *temporary ? temporary : "/tmp", name);
	if (!mkdtemp(path) || !(home = realpath(path, NULL))) {
		perror(path);
		exit(99);
	}
	snprintf(sandbox->base, sizeof sandbox->base, "%s", home);
	snprintf(sandbox->directory, sizeof sandbox->directory, "%s/work", sandbox->base);
	snprintf(sandbox->built, sizeof sandbox->built, "%s/built", sandbox->base);
	chmod(sandbox->base, 0755);
	mkdir(sandbox->built, 0755);
	sandbox->environment = calloc(32, sizeof *sandbox->environment);
	sandbox->environment[count++] = entry("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin");
	sandbox->environment[count++] = entry("HOME", sandbox->directory);
	sandbox->environment[count++] = entry("BUILT", sandbox->built);
	sandbox->environment[count++] = entry("PROGRAMS", must_have("PROGRAMS"));
	sandbox->environment[count++] = entry("SRCDIR", real);
	sandbox->environment[count++] = entry("CRASHINJECT", must_have("CRASHINJECT"));
	sandbox->environment[count++] = entry("CRASHINJECT_PRELOAD", sandbox->preload);
	sandbox->environment[count++] = entry("LC_ALL", "C.UTF-8");
	sandbox->environment[count++] = entry("TZ", "UTC");
	sandbox->environment[count++] = entry("PYTHONDONTWRITEBYTECODE", "1");
	if (asprintf(&sandbox->environment[count++], "TMPDIR=%s/tmp", sandbox->directory) < 0)
		abort();
	free(home);
	free(real);
}

const char *sandbox_mount(const struct sandbox *sandbox, const char *kind)
{
	const char *reason = reflinks_mount(kind, sandbox->base);

	if (!reason)
		ck_assert_msg(mkdir(sandbox->built, 0755) == 0, "%s: %s", sandbox->built, strerror(errno));
	return reason;
}

void sandbox_remove(struct sandbox *sandbox)
{
	sandbox_clear(sandbox->base);
	for (char **at = sandbox->environment; *at; at++)
		free(*at);
	free(sandbox->environment);
}

void sandbox_fresh(const struct sandbox *sandbox)
{
	char path[PATH_MAX];

	sandbox_clear(sandbox->directory);
	snprintf(path, sizeof path, "%s/tmp", sandbox->directory);
	ck_assert_msg(mkdir(sandbox->directory, 0755) == 0 && mkdir(path, 0755) == 0, "%s: %s", path,
		      strerror(errno));
}

static int write_back(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	int fd;

	(void)walk;
	if (type != FTW_F || !S_ISREG(status->st_mode) || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	sync_file_range(fd, 0, 0,
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	close(fd);
	return 0;
}

void sandbox_settle(const struct sandbox *sandbox)
{
	nftw(sandbox->directory, write_back, 16, FTW_PHYS);
}

const char *sandbox_path(const struct sandbox *sandbox, const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, PATH_MAX, "%s/%s", sandbox->base, name);
	return path;
}

/* ------------------------------------------------------------------ programs */

const char *sandbox_find(const char *program)
{
	static const char *const places[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin",
					     "/usr/lib/postgresql/15/bin"};
	static char path[PATH_MAX];

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(path, sizeof path, "%s/%s", places[i], program);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

const char *sandbox_missing(const char *programs)
{
	static char word[64];

	for (; programs && *programs; programs += strspn(programs, " ")) {
		size_t size = strcspn(programs, " ");

		snprintf(word, sizeof word, "%.*s", (int)size, programs);
		if (!sandbox_find(word))
			return word;
		programs += size;
	}
	return NULL;
}

/* Signals, masks and limits as any shell would hand them on. */
static void run_child(const struct sandbox *sandbox, const char *const *argv, const char *output)
{
	int in = open("/dev/null", O_RDONLY), out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	if (in < 0 || out < 0 || chdir(sandbox->directory) < 0)
		_exit(126);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	close_range(3, ~0u, 0);
	execvpe(argv[0], (char *const *)argv, sandbox->environment);
	_exit(127);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int sandbox_try(const struct sandbox *sandbox, const char *const *argv, const char *output,
		unsigned int seconds)
{
	double end = now() + seconds;
	pid_t pid = fork(), reaped;
	int status = 0;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		run_child(sandbox, argv, output);
	while ((reaped = waitpid(pid, &status, WNOHANG)) == 0 || (reaped < 0 && errno == EINTR)) {
		struct timespec pause = {.tv_nsec = 2000000};

		if (now() > end) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return SANDBOX_NO_END;
		}
		nanosleep(&pause, NULL);
	}
	return status;
}

int sandbox_run(const struct sandbox *sandbox, const char *const *argv, const char *output,
		unsigned int seconds)
{
	int status = sandbox_try(sandbox, argv, output, seconds);

	ck_assert_msg(status != SANDBOX_NO_END, "%s ... did not end within %u s", argv[0], seconds);
	return status;
}

int sandbox_script(const struct sandbox *sandbox, const char *script, const char *output,
		   unsigned int seconds)
{
	return sandbox_run(sandbox, (const char *const[]){"/bin/sh", "-c", script, NULL}, output, seconds);
}

/* ------------------------------------------------------------------ what is left behind */

struct listing {
	const char *const *random;
	bool sizes;
	char **lines;
	size_t count;
	size_t prefix; /* bytes of the path to leave out */
};

static struct listing *listing; /* nftw() has no context */

static void print_name(FILE *out, const char *path)
{
	char *copy = strdup(path), *save = NULL;

	for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		for (const char *const *pattern = listing->random; pattern && *pattern; pattern++)
			if (fnmatch(*pattern, name, 0) == 0)
				name = (char *)(uintptr_t)*pattern;
		fprintf(out, "/%s", name);
	}
	free(copy);
}

static int list_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	char *line = NULL, target[PATH_MAX] = "";
	size_t size;
	FILE *out = open_memstream(&line, &size);

	(void)type;
	(void)walk;
	fprintf(out, "%06o ", (unsigned int)status->st_mode);
	if (listing->sizes && S_ISREG(status->st_mode))
		fprintf(out, "%8lld", (long long)status->st_size);
	fprintf(out, " %lu ", S_ISREG(status->st_mode) ? (unsigned long)status->st_nlink : 1);
	print_name(out, path + listing->prefix);
	if (S_ISLNK(status->st_mode) && readlink(path, target, sizeof target - 1) > 0)
		fprintf(out, " -> %s", target);
	fclose(out);
	listing->lines = realloc(listing->lines, (listing->count + 1) * sizeof *listing->lines);
	listing->lines[listing->count++] = line;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *sandbox_tree(const struct sandbox *sandbox, const char *const *random, bool sizes)
{
	struct listing own = {.random = random, .sizes = sizes, .prefix = strlen(sandbox->directory)};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	listing = &own;
	nftw(sandbox->directory, list_entry, 16, FTW_PHYS);
	qsort(own.lines, own.count, sizeof *own.lines, by_text);
	for (size_t i = 0; i < own.count; i++) {
		fprintf(out, "%s\n", own.lines[i]);
		free(own.lines[i]);
	}
	free(own.lines);
	fclose(out);
	return text;
}

char *sandbox_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "re");
	char *text = NULL, buffer[4096];
	size_t size, got;
	FILE *out = open_memstream(&text, &size);

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
		fwrite(buffer, 1, got, out);
	fclose(file);
	fclose(out);
	if (length)
		*length = size;
	return text;
}

bool sandbox_differ(const char *what, const char *expected, const char *seen)
{
	size_t line = 1;

	if (strcmp(expected, seen) == 0)
		return false;
	for (;;) {
		size_t a = strcspn(expected, "\n"), b = strcspn(seen, "\n");

		if (a != b || memcmp(expected, seen, a) != 0) {
			printf("  %s differs in line %zu:\n    without: %.*s\n    with:    %.*s\n", what,
			       line, (int)a, expected, (int)b, seen);
			return true;
		}
		if (!expected[a] || !seen[b])
			break;
		expected += a + 1;
		seen += b + 1;
		line++;
	}
	printf("  %s differs at its end\n", what);
	return true;
}

void sandbox_skip(const char *name, const char *format, ...)
{
	va_list args;

	printf("SKIP: %s: ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}
