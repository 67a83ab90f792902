/* SPDX-License-Identifier: MIT */
/*
 * attribute_words - gives files attributes, and says whether they have them.
 *
 * Each word is one op or one question, one after the other; paths are of the working directory:
 *
 *	create PATH; write PATH TEXT; rename PATH PATH; mkdir PATH; fsync PATH; say TEXT
 *	mode PATH OCTAL; owner PATH ID; time PATH SECONDS; now PATH; set PATH NAME VALUE; unset PATH NAME
 *	has-mode PATH OCTAL; has-owner PATH ID; has-time PATH SECONDS; has PATH NAME VALUE; lacks PATH NAME
 *	if PATH   what follows is only asked where there is such a file
 *
 * Exit status: 0 all is so, 1 something is not, and what is said; 2 an op failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static int is(const char *what, const char *path, int good)
{
	if (!good)
		printf("%s of %s\n", what, path);
	return good ? 0 : 1;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	size_t length = strlen(text);
	int good = fd >= 0 && write(fd, text, length) == (ssize_t)length;

	return good && close(fd) == 0 ? 0 : -1;
}

static int sync_path(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd >= 0 && fsync(fd) == 0 ? close(fd) : -1;
}

/* Of a descriptor where the seconds are even, so that both kinds of calls are made. */
static int set_time(const char *path, long seconds)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
	int fd, result;

	if (seconds % 2)
		return utimensat(AT_FDCWD, path, times, 0);
	fd = open(path, O_RDONLY);
	result = futimens(fd, times);
	close(fd);
	return result;
}

static int has(const char *path, const char *name, const char *value)
{
	char there[256];
	ssize_t bytes = getxattr(path, name, there, sizeof there);

	return bytes == (ssize_t)strlen(value) && memcmp(there, value, (size_t)bytes) == 0;
}

static int lacks(const char *path, const char *name)
{
	char there[256];

	return getxattr(path, name, there, sizeof there) < 0 && errno == ENODATA;
}

/* How many words it takes, with itself. */
static int words_of(const char *word)
{
	static const char *const two[] = {"create", "mkdir", "fsync", "say", "if", "now"};
	static const char *const four[] = {"set", "has"};

	for (size_t i = 0; i < sizeof two / sizeof *two; i++)
		if (strcmp(word, two[i]) == 0)
			return 2;
	for (size_t i = 0; i < sizeof four / sizeof *four; i++)
		if (strcmp(word, four[i]) == 0)
			return 4;
	return 3;
}

static int ask(char **word)
{
	struct stat status = {0};

	if (stat(word[1], &status) < 0)
		return is("there is none", word[1], 0);
	if (strcmp(word[0], "has-mode") == 0)
		return is("another mode", word[1],
			  (status.st_mode & 07777) == (mode_t)strtol(word[2], NULL, 8));
	if (strcmp(word[0], "has-owner") == 0)
		return is("another owner", word[1], status.st_uid == (uid_t)atol(word[2]));
	if (strcmp(word[0], "has-time") == 0)
		return is("another time", word[1], status.st_mtim.tv_sec == atol(word[2]));
	if (strcmp(word[0], "has") == 0)
		return is("another attribute", word[1], has(word[1], word[2], word[3]));
	return is("an attribute too many", word[1], lacks(word[1], word[2]));
}

static int act(char **word)
{
	if (strcmp(word[0], "create") == 0)
		return write_text(word[1], "");
	if (strcmp(word[0], "write") == 0)
		return write_text(word[1], word[2]);
	if (strcmp(word[0], "rename") == 0)
		return rename(word[1], word[2]);
	if (strcmp(word[0], "mkdir") == 0)
		return mkdir(word[1], 0755);
	if (strcmp(word[0], "fsync") == 0)
		return sync_path(word[1]);
	if (strcmp(word[0], "say") == 0)
		return puts(word[1]) < 0 || fflush(stdout) ? -1 : 0;
	if (strcmp(word[0], "mode") == 0)
		return chmod(word[1], (mode_t)strtol(word[2], NULL, 8));
	if (strcmp(word[0], "owner") == 0)
		return chown(word[1], (uid_t)atol(word[2]), (gid_t)-1);
	if (strcmp(word[0], "time") == 0)
		return set_time(word[1], atol(word[2]));
	if (strcmp(word[0], "now") == 0)
		return utimensat(AT_FDCWD, word[1], NULL, 0);
	if (strcmp(word[0], "set") == 0)
		return setxattr(word[1], word[2], word[3], strlen(word[3]), 0);
	return removexattr(word[1], word[2]);
}

int main(int argc, char **argv)
{
	for (char **word = argv + 1; word < argv + argc; word += words_of(*word)) {
		if (word + words_of(*word) > argv + argc)
			return 2;
		if (strcmp(*word, "if") == 0 && access(word[1], F_OK) < 0)
			return 0;
		if (strncmp(*word, "has", 3) == 0 || strcmp(*word, "lacks") == 0) {
			if (ask(word))
				return 1;
		} else if (strcmp(*word, "if") != 0 && act(word) < 0) {
			perror(*word);
			return 2;
		}
	}
	return 0;
}
