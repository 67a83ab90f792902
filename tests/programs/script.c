/* SPDX-License-Identifier: MIT */
/*
 * script FILE [WORKER] - does what a script says, in its working directory; script.h has the language.
 *
 * The lock of lines with "!" is the file's own: threads, forked processes and started ones all have it.
 */
#include "tests/programs/script.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WORKERS 16

static struct script_line *lines;
static size_t lines_count;
static const char *script;
static struct script_held common = {.files = {-1, -1, -1, -1, -1, -1, -1, -1}};

/* Who was started, by number; 0: nobody. Of the process. */
static pthread_t threads[WORKERS];
static pid_t processes[WORKERS];

static void work(int number, struct script_actor *actor);

/* ------------------------------------------------------------------ what the ops share */

void script_keep(struct script_actor *actor, const char *word, int fd)
{
	int *at = &actor->held->files[(unsigned long)script_number(word) % SCRIPT_SLOTS];

	if (fd < 0)
		return;
	if (*at >= 0)
		close(*at);
	*at = fd;
}

size_t script_fill(struct script_actor *actor, const char *count, const char *seed)
{
	size_t bytes = (size_t)script_number(count) % (SCRIPT_BYTES + 1);
	uint64_t random = (uint64_t)script_number(seed);

	for (size_t i = 0; i < bytes; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		actor->bytes[i] = (unsigned char)(random >> 56);
	}
	return bytes;
}

bool script_child(void)
{
	pid_t pid = fork();

	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid == 0;
}

/* ------------------------------------------------------------------ workers */

static int worker_of(const char *word)
{
	long number = script_number(word);

	return number > 0 && number < WORKERS ? (int)number : 0;
}

static void *run_thread(void *number)
{
	struct script_actor actor;

	work((int)(intptr_t)number, &actor);
	return NULL;
}

/* thread WORKER */
static void do_thread(struct script_actor *actor, const char *const *words)
{
	int number = worker_of(words[0]);

	(void)actor;
	if (number && pthread_create(&threads[number], NULL, run_thread, (void *)(intptr_t)number) != 0)
		threads[number] = 0;
}

/* fork WORKER */
static void do_fork(struct script_actor *actor, const char *const *words)
{
	static struct script_actor child;
	int number = worker_of(words[0]);
	pid_t pid = number ? fork() : -1;

	(void)actor;
	if (pid == 0) {
		memset(threads, 0, sizeof threads);
		memset(processes, 0, sizeof processes);
		work(number, &child);
		_exit(0);
	}
	if (pid > 0)
		processes[number] = pid;
}

/* start WORKER same|static: by posix_spawn(), the same program or its other build */
static void do_start(struct script_actor *actor, const char *const *words)
{
	int number = worker_of(words[0]);
	char program[4096], text[16];
	char *argv[] = {program, (char *)(uintptr_t)script, text, NULL};
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 16);

	(void)actor;
	if (!number || length < 0)
		return;
	program[length] = '\0';
	if (words[1][1] == 't') {
		if (length > 7 && strcmp(program + length - 7, "_static") == 0)
			program[length - 7] = '\0';
		else
			strcpy(program + length, "_static");
	}
	snprintf(text, sizeof text, "%d", number);
	if (posix_spawn(&processes[number], program, NULL, NULL, argv, environ) != 0)
		processes[number] = 0;
}

static void wait_for_all(void)
{
	for (int i = 0; i < WORKERS; i++) {
		if (threads[i])
			pthread_join(threads[i], NULL);
		threads[i] = 0;
		if (processes[i])
			waitpid(processes[i], NULL, 0);
		processes[i] = 0;
	}
}

/* wait: for all that this process has started. Who holds the lock does not. */
static void do_wait(struct script_actor *actor, const char *const *words)
{
	(void)words;
	if (!actor->line->common && actor->number == 0)
		wait_for_all();
}

/* end exit|kill|exec: of a worker that is a process */
static void do_end(struct script_actor *actor, const char *const *words)
{
	if (actor->number == 0 || getpid() != gettid())
		return;
	if (words[0][0] == 'k')
		kill(getpid(), SIGKILL);
	if (strcmp(words[0], "exec") == 0)
		execl("/bin/true", "true", (char *)NULL);
	_exit(0);
}

const struct script_op script_workers[] = {
	{"thread", do_thread}, {"fork", do_fork}, {"start", do_start},
	{"wait", do_wait},     {"end", do_end},	  {NULL, NULL},
};

/* ------------------------------------------------------------------ lines */

static const struct script_op *op_of(const char *name)
{
	static const struct script_op *const tables[] = {script_data, script_names, script_memory,
							 script_workers};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct script_op *op = tables[i]; op->name; op++)
			if (strcmp(op->name, name) == 0)
				return op;
	fprintf(stderr, "%s: no op\n", name);
	exit(2);
}

static void run_line(struct script_actor *actor, const struct script_line *line, int lock)
{
	actor->line = line;
	actor->held = line->common ? &common : &actor->own;
	if (line->common)
		while (flock(lock, LOCK_EX) < 0 && errno == EINTR)
			;
	op_of(line->op)->run(actor, line->words);
	if (line->common)
		flock(lock, LOCK_UN);
}

static void work(int number, struct script_actor *actor)
{
	/* a lock of its own; and it is not in the data directory */
	int lock = open(script, O_RDONLY | O_CLOEXEC);

	*actor = (struct script_actor){.number = number};
	memset(actor->own.files, 0xff, sizeof actor->own.files);
	actor->bytes = mmap(NULL, SCRIPT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < lines_count; i++)
		if (lines[i].worker == number)
			run_line(actor, &lines[i], lock);
}

static void take_line(char *text)
{
	struct script_line line = {.words = {"0", "0", "0", "0", "0", "0", "0", "0"}};
	char *rest, *word = strtok_r(text, " \n", &rest);

	if (!word || *word == '#')
		return;
	line.worker = atoi(word);
	line.common = strchr(word, '!') != NULL;
	word = strtok_r(NULL, " \n", &rest);
	line.op = strtok_r(NULL, " \n", &rest);
	if (!line.op)
		exit(2);
	line.route = word[0];
	line.place = word[1];
	for (int i = 0; i < SCRIPT_WORDS && (word = strtok_r(NULL, " \n", &rest)) != NULL; i++)
		line.words[i] = word;
	lines = realloc(lines, (lines_count + 1) * sizeof *lines);
	lines[lines_count++] = line;
}

int main(int argc, char **argv)
{
	static struct script_actor actor;
	FILE *file = argc > 1 ? fopen(argv[1], "re") : NULL;
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return 2;
	script = argv[1];
	umask(022);
	signal(SIGPIPE, SIG_IGN); /* a FIFO may have lost its reader */
	for (; getline(&text, &size, file) > 0; text = NULL)
		take_line(text);
	fclose(file);
	work(argc > 2 ? atoi(argv[2]) : 0, &actor);
	wait_for_all();
	return 0;
}
