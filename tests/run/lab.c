/* SPDX-License-Identifier: MIT */
#include "tests/run/lab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/programs/older_libc.h"

char lab_dir[PATH_MAX];

static char base[PATH_MAX]; /* of the whole program, which removes it also after a failure */

/* Counted by the tests' processes. */
static struct tally {
	_Atomic unsigned int started, skipped;
} * tally;

/* ------------------------------------------------------------------ suites */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

void lab_remove(const char *path)
{
	char command[PATH_MAX + 16];

	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	if (access(path, F_OK) < 0)
		return;
	/* some tests make paths that are longer than any that can be named */
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", path);
}

static void set_up(void)
{
	tally->started++;
	snprintf(lab_dir, PATH_MAX, "%.4000s/test-XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(lab_dir));
	ck_assert_int_eq(chdir(lab_dir), 0);
	unsetenv("CRASH_AT");
	unsetenv("CRASH_AFTER");
	unsetenv("CRASH_DIR");
	setenv("TMPDIR", lab_text("%s/tmp", base),
	       1); /* results of explorations that find something stay there */
}

static void tear_down(void)
{
	ck_assert_int_eq(chdir(base), 0);
	lab_remove(lab_dir);
}

TCase *lab_case(Suite *suite, const char *name, double seconds)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, seconds);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int lab_run(Suite *suite)
{
	const char *temporary = getenv("TMPDIR");
	char path[PATH_MAX];
	SRunner *runner = srunner_create(suite);
	unsigned int failed;

	snprintf(path, sizeof path, "%s/lab-XXXXXX", temporary && *temporary ? temporary : "/tmp");
	if (!mkdtemp(path) || !realpath(path, base)) {
		perror(path);
		return 99;
	}
	/* others' users run programs there */
	chmod(base, 0755);
	snprintf(path, sizeof path, "%.4000s/tmp", base);
	if (mkdir(path, 0700) < 0 || chmod(path, 01777) < 0) {
		perror(path);
		return 99;
	}
	tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	srunner_run_all(runner, CK_ENV);
	failed = (unsigned int)srunner_ntests_failed(runner);
	srunner_free(runner);
	if (chdir("/") == 0)
		lab_remove(base);
	if (failed)
		return EXIT_FAILURE;
	return tally->started && tally->skipped == tally->started ? 77 : EXIT_SUCCESS;
}

void lab_skipped(const char *function, const char *format, ...)
{
	size_t length = strlen(function);
	va_list args;

	/* the function that START_TEST makes */
	if (length > 3 && strcmp(function + length - 3, "_fn") == 0)
		length -= 3;
	tally->skipped++;
	printf("SKIP: %.*s: ", (int)length, function);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* ------------------------------------------------------------------ files */

char *lab_text(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	return text;
}

const char *lab_variable(const char *name)
{
	const char *value = getenv(name);

	ck_assert_msg(value && *value, "the environment lacks %s; run the test by make check", name);
	return value;
}

const char *lab_program(const char *name)
{
	return lab_text("%s/%s", lab_variable("PROGRAMS"), name);
}

char *lab_read(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 4096, length = 0;
	char *content = malloc(size);
	ssize_t got;

	if (fd < 0)
		return NULL;
	while ((got = read(fd, content + length, size - length - 1)) > 0) {
		length += (size_t)got;
		if (size - length < 2048)
			content = realloc(content, size *= 2);
	}
	close(fd);
	content[length] = '\0';
	if (bytes)
		*bytes = length;
	return content;
}

void lab_write(const char *path, const void *content, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, content, bytes), (ssize_t)bytes);
	close(fd);
}

void lab_copy(const char *from, const char *to)
{
	struct stat status;
	size_t bytes;
	char *content = lab_read(from, &bytes);

	ck_assert_msg(content && stat(from, &status) == 0, "%s: %s", from, strerror(errno));
	lab_write(to, content, bytes);
	ck_assert_int_eq(chmod(to, status.st_mode & 07777), 0);
	free(content);
}

int lab_entries(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int count = directory ? 0 : -1;

	while (directory && (entry = readdir(directory)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (directory)
		closedir(directory);
	return count;
}

bool lab_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* ------------------------------------------------------------------ commands */

static _Noreturn void become(const char *input, const char *const *argv, const int out[2], const int err[2])
{
	int in = open("/dev/null", O_RDONLY), ends[2];

	if (input && pipe(ends) == 0 && fork() == 0) {
		close(ends[0]);
		_exit(write(ends[1], input, strlen(input)) < 0);
	}
	if (input) {
		close(ends[1]);
		in = ends[0];
	}
	dup2(in, 0);
	dup2(out[1], 1);
	dup2(err[1], 2);
	close_range(3, ~0u, 0);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Reads both streams to their ends. */
static void drain(int out, int err, struct lab_result *result)
{
	struct pollfd polled[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
	char **texts[2] = {&result->out, &result->err};
	size_t *lengths[2] = {&result->out_bytes, &result->err_bytes};

	result->out = calloc(1, 1);
	result->err = calloc(1, 1);
	while (polled[0].fd >= 0 || polled[1].fd >= 0) {
		poll(polled, 2, -1);
		for (int i = 0; i < 2; i++) {
			char piece[65536];
			ssize_t got;

			if (!polled[i].revents)
				continue;
			got = read(polled[i].fd, piece, sizeof piece);
			if (got <= 0) {
				polled[i].fd = -1;
				continue;
			}
			*texts[i] = realloc(*texts[i], *lengths[i] + (size_t)got + 1);
			memcpy(*texts[i] + *lengths[i], piece, (size_t)got);
			*lengths[i] += (size_t)got;
			(*texts[i])[*lengths[i]] = '\0';
		}
	}
}

struct lab_result lab_command(const char *input, const char *const *argv)
{
	struct lab_result result = {0};
	int out[2], err[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(input, argv, out, err);
	close(out[1]);
	close(err[1]);
	drain(out[0], err[0], &result);
	close(out[0]);
	close(err[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return result;
}

const char *lab_describe(const struct lab_result *result)
{
	return lab_text("status %d, stdout \"%.2000s\", stderr \"%.2000s\"", result->status, result->out,
			result->err);
}

bool lab_sandboxes(void)
{
	return system("d=$(mktemp -d) && \"$CRASHINJECT\" explore --json --root \"$d\" --check true -- true "
		      "| "
		      "grep -q '\"namespaces\":true'; s=$?; rmdir \"$d\"; exit $s") == 0;
}

/* ------------------------------------------------------------------ JSON */

json_t *lab_json_lines(const char *text)
{
	json_t *lines = json_array();

	while (*text) {
		size_t length = strcspn(text, "\n");
		json_error_t error;
		json_t *line = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

		ck_assert_msg(json_is_object(line), "no JSON object: %.*s", (int)length, text);
		json_array_append_new(lines, line);
		text += length + (text[length] == '\n');
	}
	return lines;
}

static json_t *member(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	ck_assert_msg(value != NULL, "no key \"%s\" in %s", key, json_dumps(object, JSON_COMPACT));
	return value;
}

const char *lab_json_text(const json_t *object, const char *key)
{
	json_t *value = member(object, key);

	ck_assert_msg(json_is_null(value) || json_is_string(value), "\"%s\" is not a string", key);
	return json_string_value(value);
}

long long lab_json_number(const json_t *object, const char *key, long long otherwise)
{
	json_t *value = member(object, key);

	ck_assert_msg(json_is_null(value) || json_is_integer(value), "\"%s\" is not a number", key);
	return json_is_null(value) ? otherwise : json_integer_value(value);
}

bool lab_json_bool(const json_t *object, const char *key)
{
	json_t *value = member(object, key);

	ck_assert_msg(json_is_boolean(value), "\"%s\" is neither true nor false", key);
	return json_is_true(value);
}

json_t *lab_essence(json_t *result)
{
	static const char *const costs[] = {
		"seconds",
		"date",
		"checker_seconds",
		"first_failure_seconds",
		"peak_memory_bytes",
		"known_before",
		"checks_for_causes",
		"trace_bytes",
		"jobs",
		"equal_after_recovery",
	};
	json_t *essence =
		json_pack("{s:o, s:o}", "findings", json_deep_copy(json_object_get(result, "findings")),
			  "summary", json_deep_copy(json_object_get(result, "summary")));
	json_t *finding, *faults;
	size_t i;

	ck_assert_msg(essence != NULL, "this is no result");
	for (i = 0; i < sizeof costs / sizeof *costs; i++)
		json_object_del(json_object_get(essence, "summary"), costs[i]);
	faults = json_object_get(json_object_get(essence, "summary"), "faults");
	json_object_del(faults, "run_seconds");
	json_object_del(json_object_get(faults, "then_crash"), "known_before");
	json_array_foreach(json_object_get(essence, "findings"), i, finding)
		json_object_del(finding, "replay");
	return essence;
}

json_t *lab_essence_of_lines(const char *text)
{
	json_t *result = json_pack("{s:[]}", "findings"), *line;
	size_t i;

	json_array_foreach(lab_json_lines(text), i, line) {
		if (json_object_get(line, "finding"))
			json_array_append(json_object_get(result, "findings"),
					  json_object_get(line, "finding"));
		if (json_object_get(line, "summary"))
			json_object_set(result, "summary", json_object_get(line, "summary"));
	}
	return lab_essence(result);
}

/* ------------------------------------------------------------------ listings */

struct lab_listing lab_list(const char *const *options, const char *const *program)
{
	const char *argv[64] = {lab_variable("CRASHINJECT"), "list", "--json"};
	struct lab_listing listing;
	size_t count = 3;

	for (; options && *options; options++)
		argv[count++] = *options;
	argv[count++] = "--";
	for (; *program && count < 63; program++)
		argv[count++] = *program;
	ck_assert_uint_lt(count, 63);
	listing.result = lab_command(NULL, argv);
	ck_assert_msg(listing.result.status == 0 || listing.result.status == 3, "%s",
		      lab_describe(&listing.result));
	listing.ops = lab_json_lines(listing.result.out);
	count = json_array_size(listing.ops);
	ck_assert_msg(count > 0, "no summary: %s", lab_describe(&listing.result));
	listing.summary = json_object_get(json_array_get(listing.ops, count - 1), "summary");
	ck_assert_msg(listing.summary != NULL, "no summary: %s", lab_describe(&listing.result));
	json_incref(listing.summary);
	json_array_remove(listing.ops, count - 1);
	listing.acks = json_array();
	for (size_t i = json_array_size(listing.ops); i-- > 0;)
		if (json_object_get(json_array_get(listing.ops, i), "acknowledged")) {
			json_array_insert(listing.acks, 0, json_array_get(listing.ops, i));
			json_array_remove(listing.ops, i);
		}
	return listing;
}

static const char *below(const char *path)
{
	size_t length = strlen(lab_dir);

	if (path && strncmp(path, lab_dir, length) == 0 && path[length] == '/')
		return path + length + 1;
	return path && strcmp(path, lab_dir) == 0 ? "." : path;
}

char *lab_list_text(const struct lab_listing *listing)
{
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);
	json_t *op;

	json_array_foreach(listing->ops, i, op) {
		const char *file = below(lab_json_text(op, "file"));
		const json_t *to = json_object_get(op, "to");

		fprintf(stream, "%s %s", lab_json_text(op, "point"), file ? file : "-");
		if (json_is_string(to))
			fprintf(stream, " -> %s", below(json_string_value(to)));
		fputc('\n', stream);
	}
	fclose(stream);
	return text;
}

/* ------------------------------------------------------------------ processes */

/* The letter that /proc has for what a process does; 0: there is none. */
static char state_of(long pid)
{
	char *text = lab_read(lab_text("/proc/%ld/stat", pid), NULL);
	const char *end = text ? strrchr(text, ')') : NULL;
	char state = '\0';

	if (end && end[1])
		state = end[2];
	free(text);
	return state;
}

/* Counts the processes in whose environment the text is, and shows each to `visit`, which says whether it
 * counts. */
static unsigned int count_processes(const char *text, bool (*visit)(long pid, int signal), int signal)
{
	DIR *directory = opendir("/proc");
	unsigned int count = 0;
	struct dirent *entry;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL) {
		char path[300], *environment;
		size_t bytes;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
		environment = lab_read(path, &bytes);
		if (environment && memmem(environment, bytes, text, strlen(text)))
			count += visit(atol(entry->d_name), signal);
		free(environment);
	}
	closedir(directory);
	return count;
}

static bool visit_any(long pid, int signal)
{
	(void)pid;
	(void)signal;
	return true;
}

static bool visit_stopped(long pid, int signal)
{
	(void)signal;
	return state_of(pid) == 'T';
}

static bool visit_signal(long pid, int signal)
{
	return kill((pid_t)pid, signal) == 0;
}

const char *lab_mark(const char *name)
{
	return lab_text("LAB_MARK=%s-%d", name, (int)getpid());
}

unsigned int lab_processes(const char *text)
{
	return count_processes(text, visit_any, 0);
}

unsigned int lab_stopped(const char *text)
{
	return count_processes(text, visit_stopped, 0);
}

void lab_signal(const char *text, int signal)
{
	count_processes(text, visit_signal, signal);
}

bool lab_lives(long pid)
{
	char state = state_of(pid);

	return state && state != 'Z' && state != 'X';
}

unsigned int lab_descriptors(void)
{
	return (unsigned int)lab_entries("/proc/self/fd");
}

void lab_pause(unsigned int milliseconds)
{
	struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};

	nanosleep(&time, NULL);
}
