/* SPDX-License-Identifier: MIT */
/*
 * log_server.c - a server that keeps lines, and its clients.
 *
 *	log_server serve PORT [HABIT]...	keeps lines in CRASH_DIR/log, one a request
 *	log_server ping PORT			succeeds if somebody answers
 *	log_server put PORT LINE...		has lines kept; prints each that was
 *	log_server get PORT LINE...		succeeds if these are there; 2: one is not
 *	log_server look DIR LINE...		the same without a server
 *
 * Habits: "unsynced" does not sync what it has kept; "slow" is ready late; "deaf" ignores SIGTERM; "leaves"
 *ends after the first line; "dies" of SIGTERM; "aborts" when it was told to end; "alone" refuses to start
 *where there is a file "busy".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t told;

static void on_term(int signal)
{
	told = signal;
}

static bool has_habit(char **habits, const char *habit)
{
	for (; *habits; habits++)
		if (strcmp(*habits, habit) == 0)
			return true;
	return false;
}

static struct sockaddr_in address_of(const char *port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((unsigned short)atoi(port)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* ------------------------------------------------------------------ the server */

static bool has_line(const char *path, const char *line)
{
	FILE *file = fopen(path, "r");
	char kept[256];
	bool found = false;

	while (file && !found && fgets(kept, sizeof kept, file)) {
		kept[strcspn(kept, "\n")] = '\0';
		found = strcmp(kept, line) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

static const char *answer(char *request, bool synced)
{
	int fd;

	request[strcspn(request, "\n")] = '\0';
	if (strncmp(request, "get ", 4) == 0)
		return has_line("log", request + 4) ? "yes\n" : "no\n";
	if (strncmp(request, "put ", 4) != 0)
		return "pong\n";
	fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
	request[strlen(request)] = '\n';
	if (fd < 0 || write(fd, request + 4, strcspn(request + 4, "\n") + 1) < 0 || (synced && fsync(fd) < 0))
		return "no\n";
	close(fd);
	return "ok\n";
}

static int listen_at(const char *port)
{
	struct sockaddr_in address = address_of(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0) {
		perror("log_server");
		exit(1);
	}
	return fd;
}

static void make_log(void)
{
	int directory = open(".", O_RDONLY | O_DIRECTORY),
	    fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (fd < 0 || fsync(directory) < 0)
		exit(1);
	close(fd);
	close(directory);
}

static void set_up_signals(char **habits)
{
	struct sigaction action = {.sa_handler = on_term};

	if (has_habit(habits, "deaf"))
		action.sa_handler = SIG_IGN;
	if (!has_habit(habits, "dies"))
		sigaction(SIGTERM, &action, NULL); /* without SA_RESTART */
}

static int serve(const char *port, char **habits)
{
	bool synced = !has_habit(habits, "unsynced"), leaves = has_habit(habits, "leaves");
	char request[256];
	int door, fd;

	if (has_habit(habits, "alone") && access("busy", F_OK) == 0)
		return 3;
	set_up_signals(habits);
	make_log();
	if (has_habit(habits, "slow"))
		usleep(300000);
	door = listen_at(port);
	while (!told) {
		fd = accept(door, NULL, NULL);
		for (ssize_t got; fd >= 0 && (got = read(fd, request, sizeof request - 1)) > 0;) {
			const char *text;

			request[got] = '\0';
			text = answer(request, synced);
			if (write(fd, text, strlen(text)) < 0)
				break;
			if (leaves && strcmp(text, "ok\n") == 0)
				return 0;
		}
		close(fd);
	}
	if (has_habit(habits, "aborts"))
		abort();
	return 0;
}

/* ------------------------------------------------------------------ its clients */

static int dial(const char *port)
{
	struct sockaddr_in address = address_of(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		exit(1);
	return fd;
}

static bool ask(int fd, const char *verb, const char *line, const char *expected)
{
	char request[256], got[256];
	ssize_t count;

	snprintf(request, sizeof request, "%s %s\n", verb, line);
	if (write(fd, request, strlen(request)) < 0)
		exit(1);
	count = read(fd, got, sizeof got - 1);
	if (count <= 0)
		exit(1);
	got[count] = '\0';
	return strcmp(got, expected) == 0;
}

static int put(const char *port, char **lines)
{
	int fd = dial(port);

	for (; *lines; lines++) {
		if (!ask(fd, "put", *lines, "ok\n"))
			return 1;
		printf("kept %s\n", *lines);
		fflush(stdout);
	}
	return 0;
}

static int get(const char *port, char **lines)
{
	int fd = dial(port);

	for (; *lines; lines++)
		if (!ask(fd, "get", *lines, "yes\n"))
			return 2;
	return 0;
}

static int look(const char *directory, char **lines)
{
	if (chdir(directory) < 0)
		return 1;
	for (; *lines; lines++)
		if (!has_line("log", *lines))
			return 2;
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	const char *directory = getenv("CRASH_DIR");

	signal(SIGPIPE, SIG_IGN);
	if (strcmp(verb, "serve") == 0)
		return directory && chdir(directory) < 0 ? 1 : serve(argv[2], argv + 3);
	if (strcmp(verb, "ping") == 0)
		return ask(dial(argv[2]), "ping", "", "pong\n") ? 0 : 1;
	if (strcmp(verb, "put") == 0)
		return put(argv[2], argv + 3);
	if (strcmp(verb, "get") == 0)
		return get(argv[2], argv + 3);
	if (strcmp(verb, "look") == 0)
		return look(argv[2], argv + 3);
	return 64;
}
