/* SPDX-License-Identifier: MIT */
/*
 * allocates.c - a store that needs memory for each record, and does with a malloc() that has failed what its
 * first argument says; the second says where that is asked for.
 *
 * "store WAY N" writes N records to store/log, each synced and then acknowledged. The ways are careful (says
 * so and ends), unchecked, lies (acknowledges all the same), damages (leaves half a record), aborts, asserts,
 * freed-twice, child-aborts (and then frees twice), waits (for ever), tries-again, and without (does without
 * the memory).
 *
 * "words [WORD]..." makes one allocation for each word, and says what came of it.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 100

/* ------------------------------------------------------------------ the store */

static const char *way;

static int is(const char *name)
{
	return strcmp(way, name) == 0;
}

static void put(int fd, const char *text, size_t bytes)
{
	if (write(fd, text, bytes) != (ssize_t)bytes || fsync(fd) < 0)
		_exit(1);
}

static void go_without(int fd, int number)
{
	static char spare[BYTES];

	if (is("careful")) {
		fputs("no memory\n", stderr);
		exit(1);
	}
	if (is("damages"))
		put(fd, "recor", 5);
	if (is("damages"))
		exit(1);
	if (is("aborts"))
		abort();
	if (is("child-aborts")) {
		pid_t child = fork();

		if (child == 0)
			abort();
		waitpid(child, NULL, 0);
	}
	if (is("freed-twice") || is("child-aborts")) {
		void *volatile other = spare + 8;

		free(other);
	}
	while (is("waits"))
		pause();
	if (is("without")) {
		snprintf(spare, sizeof spare, "record %d\n", number);
		put(fd, spare, strlen(spare));
	}
}

static __attribute__((noinline)) char *new_record(void)
{
	char *record = malloc(BYTES);

	while (!record && is("tries-again"))
		record = malloc(BYTES);
	if (is("asserts"))
		assert(record);
	return record;
}

static __attribute__((noinline)) void save(int fd, int number)
{
	char *record = new_record();

	if (record || is("unchecked")) {
		snprintf(record, BYTES, "record %d\n", number);
		put(fd, record, strlen(record));
	} else {
		go_without(fd, number);
	}
	free(record);
	dprintf(1, "saved %d\n", number);
}

static int store(int count)
{
	int fd = open("store/log", O_WRONLY | O_CREAT | O_APPEND, 0644);

	for (int i = 1; i <= count; i++)
		save(fd, i);
	return close(fd) < 0;
}

/* ------------------------------------------------------------------ one after the other */

static void say(const char *word, const void *memory)
{
	char line[64];
	int length = snprintf(line, sizeof line, "%s: %s\n", word, memory ? "ok" : "ENOMEM");

	if (!memory && errno != ENOMEM)
		length = snprintf(line, sizeof line, "%s: nothing, and errno %d\n", word, errno);
	if (write(1, line, (size_t)length) != length)
		_exit(1);
}

static void *allocate(const char *word)
{
	void *memory = NULL;
	int error;

	errno = 0;
	if (strcmp(word, "malloc") == 0)
		return malloc(24);
	if (strcmp(word, "calloc") == 0)
		return calloc(3, 8);
	if (strcmp(word, "realloc") == 0)
		return realloc(NULL, 24);
	if (strcmp(word, "reallocarray") == 0)
		return reallocarray(NULL, 3, 8);
	if (strcmp(word, "aligned_alloc") == 0)
		return aligned_alloc(64, 128);
	if (strcmp(word, "memalign") == 0)
		return memalign(64, 128);
	if (strcmp(word, "valloc") == 0)
		return valloc(24);
	if (strcmp(word, "pvalloc") == 0)
		return pvalloc(24);
	if (strcmp(word, "strdup") == 0)
		return strdup("text");
	errno = EILSEQ; /* which is none of its business */
	error = posix_memalign(&memory, 64, 128);
	if (errno != EILSEQ || (error != 0 && error != ENOMEM))
		abort();
	errno = error;
	return memory;
}

static __attribute__((noinline)) void take(const char *word)
{
	void *memory = allocate(word);

	say(word, memory);
	free(memory);
}

static void *in_thread(void *word)
{
	take(word);
	return NULL;
}

/* What was there stays, and to make it nothing does not fail. */
static void grow(void)
{
	char *old = malloc(8), *more;

	strcpy(old, "as is");
	more = realloc(old, 4000);
	say("grow", more);
	if (strcmp(more ? more : old, "as is") != 0)
		abort();
	errno = 0;
	more = realloc(more ? more : old, 0);
	if (more || errno)
		abort();
}

/* From 3^9 places. */
static __attribute__((noinline)) void branch(int depth)
{
	if (depth == 0) {
		free(malloc(8));
		return;
	}
	branch(depth - 1);
	__asm__ volatile("");
	branch(depth - 1);
	__asm__ volatile("");
	branch(depth - 1);
	__asm__ volatile("");
}

static void on_signal(int number)
{
	(void)number;
	say("signal", "");
}

static void do_word(char *word)
{
	pthread_t thread;
	pid_t child;

	if (strncmp(word, "thread:", 7) == 0) {
		if (pthread_create(&thread, NULL, in_thread, word + 7) == 0)
			pthread_join(thread, NULL);
	} else if (strncmp(word, "fork:", 5) == 0) {
		child = fork();
		if (child == 0) {
			take(word + 5);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	} else if (strcmp(word, "grow") == 0) {
		grow();
	} else if (strcmp(word, "places") == 0) {
		branch(9);
	} else if (strcmp(word, "signals") == 0) {
		signal(SIGUSR1, on_signal);
	} else {
		take(word);
	}
}

/* With EARLY in its environment, before main() as well. */
static __attribute__((constructor)) void start(void)
{
	if (getenv("EARLY"))
		take("malloc");
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "store") == 0) {
		way = argv[2];
		return store(atoi(argv[3]));
	}
	for (int i = 2; i < argc; i++)
		do_word(argv[i]);
	return 0;
}
