/* SPDX-License-Identifier: MIT */
/*
 * Method. A path is looked for as bytes: in scripts, and in the values of variables whose names stand in what
 * is looked at. That finds too much rather than too little: a checker that looks at the original accepts
 * every state. Programs are not looked into: where they were compiled is in them, and means nothing.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explore/checkers/checker_files.h"

/* What somebody may have written a path into. */
struct text {
	const char *bytes;
	size_t size;
};

/* A file with zeros near its beginning is no script, and has no text. */
static struct text map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct text text = {0};
	struct stat status;
	void *bytes;

	if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes != MAP_FAILED)
			text = (struct text){bytes, (size_t)status.st_size};
		if (text.size && memchr(text.bytes, 0, text.size < 1024 ? text.size : 1024)) {
			munmap(bytes, text.size);
			text = (struct text){0};
		}
	}
	if (fd >= 0)
		close(fd);
	return text;
}

static bool has(const struct text *text, const char *word, size_t length)
{
	return text->size && memmem(text->bytes, text->size, word, length);
}

static void unmap(const struct text *text)
{
	if (text->bytes)
		munmap((void *)(uintptr_t)text->bytes, text->size);
}

/* The shell sets PWD anew, and CRASH_DIR is the copy. */
static bool leads_to_copies(const char *variable)
{
	return strncmp(variable, "PWD=", 4) == 0 || strncmp(variable, "CRASH_", 6) == 0;
}

/* The variable by which a text gets to the original; NULL: none. */
static const char *variable_of(const struct text *text, const char *directory)
{
	for (char **variable = environ; *variable; variable++) {
		size_t length = strcspn(*variable, "=");

		if (length && strstr(*variable + length, directory) && !leads_to_copies(*variable) &&
		    has(text, *variable, length))
			return *variable;
	}
	return NULL;
}

static int note(const char *what, const char *variable, struct crash__recording *recording)
{
	return crash__recording_incomplete(recording,
					   "states are at other paths, and \"%s\" names the original%s%.*s; "
					   "$CRASH_DIR is the copy, and so "
					   "is the working directory",
					   what, variable ? " by $" : "",
					   variable ? (int)strcspn(variable, "=") : 0,
					   variable ? variable : "");
}

static int note_command(const char *command, struct crash__recording *recording)
{
	const struct text text = {command, command ? strlen(command) : 0};
	const char *variable = variable_of(&text, recording->directory);

	return variable ? note(command, variable, recording) : 0;
}

static int note_file(const char *path, struct crash__recording *recording)
{
	const struct text text = map(path);
	const char *variable = NULL;
	int error = 0;

	if (has(&text, recording->directory, strlen(recording->directory)))
		error = note(path, NULL, recording);
	else if ((variable = variable_of(&text, recording->directory)))
		error = note(path, variable, recording);
	unmap(&text);
	return error;
}

int crash__checker_files_note_original(const struct crash__checker_files *files,
				       const struct crash__checker *checker,
				       struct crash__recording *recording)
{
	int error = 0;

	if (recording->namespaces || recording->mounted)
		return 0;
	error = note_command(checker->check, recording);
	if (error == 0)
		error = note_command(checker->check_server, recording);
	if (error == 0)
		error = note_command(checker->recover, recording);
	for (size_t i = 0; i < files->list_count && error == 0; i++)
		error = note_file(files->list[i].path, recording);
	return error;
}

bool crash__checker_files_name(const struct crash__checker_files *files, const struct crash__checker *checker,
			       const char *word)
{
	const char *const commands[] = {checker->check, checker->check_server, checker->recover};
	bool found = false;

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		found |= commands[i] && strstr(commands[i], word);
	for (size_t i = 0; i < files->list_count && !found; i++) {
		const struct text text = map(files->list[i].path);

		found = has(&text, word, strlen(word));
		unmap(&text);
	}
	return found;
}
