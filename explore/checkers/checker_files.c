/* SPDX-License-Identifier: MIT */
/*
 * Method. A command is cut into words where a shell would end one, or something that a shell expands begins.
 * That finds too few files rather than too many: a log that the checker writes must not be taken for a part
 * of it.
 */
#include "explore/checkers/checker_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define ENDS " \t\n;|&()<>\"'`$={}"

struct looking {
	struct crash__checker_files *files;
	const char *cwd, *directory;
	bool interpreter; /* the word before was one, or an option of it */
};

/* Those whose first argument is a program. */
static bool is_interpreter(const char *word)
{
	static const char *const names[] = {"sh",     "bash", "dash", "ksh",  "zsh",	"python",
					    "perl",   "ruby", "node", "php",  "lua",	"tclsh",
					    "source", ".",    "awk",  "gawk", "Rscript"};
	const char *name = strrchr(word, '/');
	size_t length;

	name = name ? name + 1 : word;
	length = strcspn(name, "0123456789"); /* python3.11 */
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
			return true;
	return false;
}

static bool is_script(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char begin[2] = "";
	bool script = fd >= 0 && read(fd, begin, 2) == 2 && memcmp(begin, "#!", 2) == 0;

	if (fd >= 0)
		close(fd);
	return script;
}

/* A word without a slash, as the shell finds it. */
static bool find_in_path(const char *word, char path[PATH_MAX])
{
	const char *at = getenv("PATH");

	for (size_t length; at && *at; at += length + (at[length] == ':')) {
		length = strcspn(at, ":");
		if (length && snprintf(path, PATH_MAX, "%.*s/%s", (int)length, at, word) < PATH_MAX &&
		    access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static int add_file(struct looking *looking, const char *path)
{
	struct crash__checker_files *files = looking->files;
	struct crash__digest *digest;
	struct crash__checker_file *file;
	int fd, result;

	for (size_t i = 0; i < files->list_count; i++)
		if (strcmp(files->list[i].path, path) == 0)
			return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* it may be run, and not be read */
	digest = crash__digest_begin();
	file = digest ? CRASH__PUSH(files, list) : NULL;
	if (!file) {
		close(fd);
		if (digest)
			crash__digest_end(digest, (char[CRASH__DIGEST_TEXT]){0});
		return crash__fail(CRASH_ENOMEM, "no memory for the checker");
	}
	result = crash__digest_file(digest, fd);
	close(fd);
	snprintf(file->path, sizeof file->path, "%s", path);
	crash__digest_end(digest, file->digest);
	return result < 0 ? crash__fail_errno("%s", path) : 0;
}

static bool is_in(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* A word as an absolute path. The directory that it is seen from need not exist here. */
static void make_absolute(const char *cwd, const char *word, char path[PATH_MAX])
{
	size_t length = *word == '/' ? 0 : strlen(cwd);

	while (*word == '.' && length) {
		if (strncmp(word, "../", 3) == 0)
			while (length > 1 && cwd[--length] != '/')
				;
		else if (strncmp(word, "./", 2) != 0)
			break;
		word += strcspn(word, "/");
		word += strspn(word, "/");
	}
	snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, cwd, *word == '/' ? "" : "/", word);
}

static int take_word(struct looking *looking, const char *word)
{
	char path[PATH_MAX], absolute[PATH_MAX];
	struct stat status;
	bool given = looking->interpreter, counts;

	if (*word == '-')
		return 0;
	looking->interpreter = is_interpreter(word);
	if (strchr(word, '/') || given)
		make_absolute(looking->cwd, word, path);
	else if (!find_in_path(word, path) || !is_script(path))
		return 0;
	if (!realpath(path, absolute) || stat(absolute, &status) < 0 || !S_ISREG(status.st_mode) ||
	    is_in(absolute, looking->directory))
		return 0;
	counts = given || (status.st_mode & 0111);
	return counts ? add_file(looking, absolute) : 0;
}

static int take_command(struct looking *looking, const char *command)
{
	char word[PATH_MAX];
	int error = 0;

	looking->interpreter = false;
	while (command && *command && error == 0) {
		size_t length = strcspn(command, ENDS);

		if (length && length < sizeof word) {
			snprintf(word, sizeof word, "%.*s", (int)length, command);
			error = take_word(looking, word);
		}
		command += length;
		if (strspn(command, ";|&()<>\n"))
			looking->interpreter = false;
		command += *command != '\0';
	}
	return error;
}

/* The program itself is the checker. */
static int take_program(struct looking *looking, char *const *words)
{
	char found[PATH_MAX], path[PATH_MAX];
	bool command = false;
	int error = 0;

	if (!strchr(words[0], '/') && find_in_path(words[0], found) && realpath(found, path))
		error = add_file(looking, path);
	looking->interpreter = false;
	for (; *words && error == 0; words++) {
		error = command ? take_command(looking, *words) : take_word(looking, *words);
		command = looking->interpreter && strcmp(*words, "-c") == 0;
	}
	return error;
}

int crash__checker_files_find(const struct crash__checker *checker, const char *directory,
			      struct crash__checker_files *files)
{
	struct looking looking = {.files = files, .cwd = directory, .directory = directory};
	int error;

	memset(files, 0, sizeof *files);
	error = take_command(&looking, checker->recover);
	if (error == 0)
		error = take_command(&looking, checker->check);
	if (error == 0)
		error = take_command(&looking, checker->check_server);
	if (error < 0 || crash__checker_is_given(checker) || !checker->program || !checker->program[0])
		return error;
	looking.cwd = checker->cwd;
	return take_program(&looking, checker->program);
}

static const struct crash__checker_file *find(const struct crash__checker_files *files, const char *path)
{
	for (size_t i = 0; i < files->list_count; i++)
		if (strcmp(files->list[i].path, path) == 0)
			return &files->list[i];
	return NULL;
}

int crash__checker_files_note_changed(const struct crash__checker_files *files,
				      const struct crash__checker *checker,
				      struct crash__recording *recording)
{
	struct crash__checker_files now;
	int error = crash__checker_files_find(checker, recording->directory, &now);

	for (size_t i = 0; i < files->list_count && error == 0; i++) {
		const struct crash__checker_file *file = find(&now, files->list[i].path);

		if (!file || strcmp(file->digest, files->list[i].digest) != 0) {
			error = crash__recording_incomplete(recording,
							    "the checker was changed while it was used: %s",
							    files->list[i].path);
			break;
		}
	}
	crash__checker_files_clear(&now);
	return error;
}

void crash__checker_files_clear(struct crash__checker_files *files)
{
	free(files->list);
	memset(files, 0, sizeof *files);
}
