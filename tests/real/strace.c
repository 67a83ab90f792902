/* SPDX-License-Identifier: MIT */
/*
 * Method. A line is the process id, the call's name, its arguments and its result. Which argument
 * names a file is said by calls.def. Descriptors and "the working directory" come with their path
 * behind them in angle brackets (-y); a bare relative path is relative to the working directory,
 * which is followed through chdir and fork. A call during which another process shows up is printed
 * in two parts; it counts where it began.
 */
#include "tests/real/strace.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/call.h"

#define ARGUMENTS 8

struct line {
	int pid;
	char *text; /* without the process id; whole */
};

struct process {
	int pid, parent; /* parent 0: not known */
	char *cwd;	 /* NULL: not seen yet */
	char *opened;	 /* what its last open returned, as /proc/self/fd/N */
	char *opened_path;
	char *unfinished;
	size_t began; /* index of the line */
	UT_hash_handle hh;
};

/* A FIFO, which has a name as files have; what is written to it is no storage. */
struct fifo {
	char *path;
	UT_hash_handle hh;
};

struct reader {
	struct line *lines;
	size_t count, room;
	struct process *processes;
	struct fifo *fifos;
	const char *directory;
	struct ops *ops;
};

/* ------------------------------------------------------------------ lines */

static struct process *process_of(struct reader *reader, int pid)
{
	struct process *process;

	HASH_FIND_INT(reader->processes, &pid, process);
	if (process)
		return process;
	process = calloc(1, sizeof *process);
	process->pid = pid;
	HASH_ADD_INT(reader->processes, pid, process);
	return process;
}

static void add_line(struct reader *reader, int pid, char *text)
{
	if (reader->count == reader->room) {
		reader->room = reader->room ? reader->room * 2 : 1024;
		reader->lines = realloc(reader->lines, reader->room * sizeof *reader->lines);
		if (!reader->lines)
			abort();
	}
	reader->lines[reader->count++] = (struct line){pid, text};
}

/* Puts the two parts of a call together, at the place of the first. */
static void take_line(struct reader *reader, char *line)
{
	static const char unfinished[] = " <unfinished ...>";
	int used = 0, pid = 0;
	struct process *process;
	char *text, *rest;
	size_t length;

	sscanf(line, "%d %n", &pid, &used);
	text = line + used;
	length = strlen(text);
	process = process_of(reader, pid);
	if (strncmp(text, "<... ", 5) == 0 && (rest = strstr(text, " resumed>")) != NULL) {
		if (process->unfinished && asprintf(&reader->lines[process->began].text, "%s%s",
						    process->unfinished, rest + strlen(" resumed>")) < 0)
			abort();
		free(process->unfinished);
		process->unfinished = NULL;
	} else if (length >= sizeof unfinished &&
		   strcmp(text + length - sizeof unfinished + 1, unfinished) == 0) {
		text[length - sizeof unfinished + 1] = '\0';
		process->unfinished = strdup(text);
		process->began = reader->count;
		add_line(reader, pid, NULL);
	} else {
		add_line(reader, pid, strdup(text));
	}
}

static bool read_lines(struct reader *reader, const char *log)
{
	FILE *file = fopen(log, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file) {
		perror(log);
		return false;
	}
	while ((length = getline(&line, &size, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		take_line(reader, line);
	}
	free(line);
	fclose(file);
	return true;
}

/* ------------------------------------------------------------------ arguments */

struct call {
	const char *name;
	char *arguments[ARGUMENTS];
	int count;
	const char *result; /* "5", "ENOENT", "?" */
	char *opened;	    /* the path behind a descriptor that is the result, or NULL */
};

/* The end of a quoted string, of a path in angle brackets, or of something in other brackets. */
static char *skip(char *at)
{
	char end = *at == '<' ? '>' : *at == '(' ? ')' : *at == '[' ? ']' : *at == '{' ? '}' : '"';
	bool string = *at == '"' || *at == '<';

	for (at++; *at && *at != end; at++) {
		if (string && *at == '\\' && at[1])
			at++;
		else if (!string && strchr("\"([{<", *at))
			at = skip(at);
		if (!*at)
			break;
	}
	return at;
}

/* Splits "name(a, b) = result" in place. */
static bool split(char *text, struct call *call)
{
	char *at = strchr(text, '('), *result;

	memset(call, 0, sizeof *call);
	if (!at)
		return false;
	*at++ = '\0';
	call->name = text;
	while (*at == ' ')
		at++;
	if (*at && *at != ')')
		call->arguments[call->count++] = at;
	for (; *at && *at != ')'; at++) {
		if (*at == ',' && call->count < ARGUMENTS) {
			*at++ = '\0';
			call->arguments[call->count++] = at + 1;
		}
		if (strchr("\"([{", *at) || (*at == '<' && at[1] == '/'))
			at = skip(at);
		if (!*at)
			break;
	}
	if (!*at) { /* it never returned */
		call->result = "?";
		return true;
	}
	*at++ = '\0';
	result = strchr(at, '=');
	if (!result)
		return false;
	result += 2;
	call->result = result;
	if (strncmp(result, "-1 E", 4) == 0)
		call->result = result + 3;
	result = (char *)(uintptr_t)call->result;
	call->opened = strstr(result, "</");
	result[strcspn(result, " <")] = '\0';
	return true;
}

/* What a string or path of strace's stands for, in place, behind the character it begins with. */
static char *unquote(char *text, char end)
{
	char *out = text + 1, *at = text + 1;

	for (; *at && *at != end; at++) {
		if (*at != '\\') {
			*out++ = *at;
		} else if (isdigit((unsigned char)*++at)) {
			int value = 0;

			for (int i = 0; i < 3 && isdigit((unsigned char)*at); i++)
				value = value * 8 + *at++ - '0';
			at--;
			*out++ = (char)value;
		} else {
			static const char letters[] = "tnvfr", values[] = "\t\n\v\f\r";
			const char *letter = strchr(letters, *at);

			*out++ = letter ? values[letter - letters] : *at;
		}
	}
	*out = '\0';
	return text + 1;
}

/* The path behind a descriptor, or NULL. */
static char *path_of_descriptor(char *argument)
{
	static const char gone[] = " (deleted)"; /* behind the '>', where strace is younger */
	char *at = strchr(argument, '<'), *path = at && at[1] == '/' ? unquote(at, '>') : NULL;
	size_t length = path ? strlen(path) : 0;

	if (length >= sizeof gone && strcmp(path + length - (sizeof gone - 1), gone) == 0)
		path[length - (sizeof gone - 1)] = '\0';
	return path;
}

/* Takes ".", ".." and doubled slashes out of an absolute path. */
static void clean(char *path)
{
	char *out = path, *at = path;

	while (*at) {
		size_t size;

		at += strspn(at, "/");
		size = strcspn(at, "/");
		if (size == 2 && at[0] == '.' && at[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (size && !(size == 1 && at[0] == '.')) {
			*out++ = '/';
			memmove(out, at, size);
			out += size;
		}
		at += size;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

/* The file that the arguments name, absolute, to be freed; NULL if they name none. */
static char *file_of(const struct call *call, uint8_t dirfd, uint8_t path, const char *cwd)
{
	const char *base = dirfd ? NULL : cwd;
	char *given, *result = NULL;

	if (dirfd && dirfd <= call->count) {
		base = path_of_descriptor(call->arguments[dirfd - 1]);
		if (!base && strcmp(call->arguments[dirfd - 1], "AT_FDCWD") == 0)
			base = cwd; /* older straces do not say where that is */
	}
	if (!path || path > call->count)
		return base ? strdup(base) : NULL;
	given = call->arguments[path - 1];
	if (strcmp(given, "NULL") == 0)
		return dirfd && base ? strdup(base) : NULL;
	if (given[0] != '"')
		return NULL; /* a bad address */
	given = unquote(given, '"');
	if (given[0] == '/')
		result = strdup(given);
	else if (given[0] == '\0')
		result = dirfd && base ? strdup(base) : NULL;
	else if (base && asprintf(&result, "%s/%s", base, given) < 0)
		abort();
	if (result)
		clean(result);
	return result;
}

/* ------------------------------------------------------------------ calls */

static bool creates(const struct crash__call_info *info, const struct call *call)
{
	uint8_t flags = info->where.how ? info->where.how : info->where.flags;

	if (info->family != CRASH__FAMILY_OPEN || !flags)
		return true;
	if (flags > call->count)
		return false;
	return strstr(call->arguments[flags - 1], "O_CREAT") ||
	       strstr(call->arguments[flags - 1], "O_TRUNC") ||
	       strstr(call->arguments[flags - 1], "O_TMPFILE");
}

/* Named by the directory that it would be in. */
static bool makes_nameless(const struct crash__call_info *info, const struct call *call)
{
	uint8_t flags = info->where.how ? info->where.how : info->where.flags;

	return flags && flags <= call->count && strstr(call->arguments[flags - 1], "O_TMPFILE");
}

static bool clones(const struct crash__call_info *info, const struct call *call)
{
	return !info->where.request || (call->count > 1 && (strstr(call->arguments[1], "FICLONE")));
}

static bool opens_nothing(const struct crash__call_info *info, const struct call *call)
{
	uint8_t path = info->where.path;

	return info->family == CRASH__FAMILY_OPEN && path <= call->count &&
	       strcmp(call->arguments[path - 1], "\"") == 0;
}

/* What libc does for fchmodat() with flags: it opens the file and changes /proc/self/fd/N. */
static void remember_opened(struct process *process, const struct crash__call_info *info, struct call *call)
{
	if (info->family != CRASH__FAMILY_OPEN || !call->opened)
		return;
	free(process->opened);
	free(process->opened_path);
	process->opened_path = strdup(unquote(call->opened, '>'));
	if (asprintf(&process->opened, "/proc/self/fd/%s", call->result) < 0)
		abort();
}

static struct fifo *fifo_of(struct reader *reader, const char *path)
{
	struct fifo *fifo;

	HASH_FIND_STR(reader->fifos, path, fifo);
	return fifo;
}

static void follow_fifos(struct reader *reader, const struct crash__call_info *info, const struct call *call,
			 const char *path)
{
	struct fifo *fifo = fifo_of(reader, path);

	if (strcmp(call->result, "0") != 0)
		return;
	if (!fifo && strncmp(info->name, "mknod", 5) == 0 && call->count > 1 &&
	    strstr(call->arguments[info->where.path], "S_IFIFO")) {
		fifo = calloc(1, sizeof *fifo);
		fifo->path = strdup(path);
		HASH_ADD_KEYPTR(hh, reader->fifos, fifo->path, strlen(fifo->path), fifo);
	} else if (fifo && strncmp(info->name, "unlink", 6) == 0) {
		HASH_DEL(reader->fifos, fifo);
		free(fifo->path);
		free(fifo);
	}
}

static void take_op(struct reader *reader, const struct crash__call_info *info, struct call *call,
		    struct process *process)
{
	const struct crash__where *where = &info->where;
	char *file, *to = NULL;

	remember_opened(process, info, call);
	if (!creates(info, call) || !clones(info, call))
		return;
	if (call->opened && !makes_nameless(info, call)) /* the name behind symbolic links */
		file = strdup(process->opened_path);
	else if (where->path)
		file = file_of(call, where->dirfd, where->path, process->cwd);
	else if (where->fd)
		file = file_of(call, where->fd, 0, process->cwd);
	else
		file = strdup(info->name); /* sync, msync: no file that strace would know */
	if (file && process->opened && strcmp(file, process->opened) == 0) {
		free(file);
		file = strdup(process->opened_path);
	}
	if (where->to)
		to = file_of(call, where->todirfd, where->to, process->cwd);
	if (file && where->path)
		follow_fifos(reader, info, call, file);
	/* without a path there is no op; an empty path may name the descriptor, but opens nothing */
	if (file && (where->path || !fifo_of(reader, file)) && (!where->to || to) &&
	    strlen(file) < PATH_MAX && !opens_nothing(info, call))
		ops_add(reader->ops, file, to, info->name, call->result);
	free(file);
	free(to);
}

static void follow_cwd(struct process *process, struct call *call)
{
	char *to;

	if (strcmp(call->result, "0") != 0)
		return;
	to = strcmp(call->name, "chdir") == 0 ? file_of(call, 0, 1, process->cwd) :
						file_of(call, 1, 0, process->cwd);
	if (!to)
		return;
	free(process->cwd);
	process->cwd = to;
}

static bool is_fork(const char *name)
{
	return strcmp(name, "fork") == 0 || strcmp(name, "vfork") == 0 || strcmp(name, "clone") == 0 ||
	       strcmp(name, "clone3") == 0;
}

/* A child may be seen before the line that says whose it is: so this is done first. */
static void find_parents(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		const struct line *line = &reader->lines[i];
		size_t name = line->text ? strcspn(line->text, "(") : 0;
		const char *result = line->text ? strrchr(line->text, '=') : NULL;
		char word[16] = "";

		if (!result || name >= sizeof word)
			continue;
		memcpy(word, line->text, name);
		if (is_fork(word) && atoi(result + 1) > 0)
			process_of(reader, atoi(result + 1))->parent = line->pid;
	}
}

static void start_process(struct reader *reader, struct process *process)
{
	struct process *parent = process->parent ? process_of(reader, process->parent) : NULL;

	if (process->cwd)
		return;
	if (parent && !parent->cwd)
		start_process(reader, parent);
	process->cwd = strdup(parent ? parent->cwd : reader->directory);
}

static bool take_call(struct reader *reader, const struct line *line)
{
	struct process *process = process_of(reader, line->pid);
	char *copy;
	struct call call;
	int number;
	bool good = true;

	start_process(reader, process);
	if (!line->text || !isalpha((unsigned char)line->text[0]))
		return true; /* signals, exits, calls cut by an exit */
	copy = strdup(line->text);
	if (!split(copy, &call)) {
		fprintf(stderr, "strace said what is not understood: %s\n", line->text);
		good = false;
	} else if (strcmp(call.name, "chdir") == 0 || strcmp(call.name, "fchdir") == 0) {
		follow_cwd(process, &call);
	} else if ((number = crash__call_find(call.name, strlen(call.name))) >= 0) {
		take_op(reader, &crash__calls[number], &call, process);
	}
	free(copy);
	return good;
}

static void clear(struct reader *reader)
{
	struct process *process, *next;
	struct fifo *fifo, *next_fifo;

	HASH_ITER(hh, reader->fifos, fifo, next_fifo) {
		HASH_DEL(reader->fifos, fifo);
		free(fifo->path);
		free(fifo);
	}
	for (size_t i = 0; i < reader->count; i++)
		free(reader->lines[i].text);
	free(reader->lines);
	HASH_ITER(hh, reader->processes, process, next) {
		HASH_DEL(reader->processes, process);
		free(process->cwd);
		free(process->opened);
		free(process->opened_path);
		free(process->unfinished);
		free(process);
	}
}

/* ------------------------------------------------------------------ the whole */

const char *strace_calls(void)
{
	static char list[4096];

	strcpy(list, "chdir,fchdir,clone,clone3,fork,vfork");
	for (int i = 0; i < CRASH__KERNEL_CALLS; i++) {
		strcat(list, ",?"); /* some are younger than some straces */
		strcat(list, crash__calls[i].name);
	}
	return list;
}

bool strace_read(const char *log, const char *directory, struct ops *ops)
{
	struct reader reader = {.directory = directory, .ops = ops};
	bool good = read_lines(&reader, log);

	if (good)
		find_parents(&reader);
	for (size_t i = 0; good && i < reader.count; i++)
		good = take_call(&reader, &reader.lines[i]);
	clear(&reader);
	return good;
}
