// SPDX-License-Identifier: MIT
//
// work.c - transactions on WiredTiger, and a look at what is left of them.
//
//     work prepare OPTION...         a database with two commits
//     work run [OPTION]...           three commits of four keys, acknowledged, a checkpoint after the second
//     work check ACKED [OPTION]...   recovers and looks: 0 right, 1 inconsistent, 2 lost
//
// OPTION: old      the database of `prepare` is there, and the commits are further ones
//         nosync   a commit does not sync the log: it is there whole or not at all, and need not be durable
//         nolog    no log: a commit is durable, and acknowledged, with the checkpoint that follows each
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wiredtiger.h>

enum { COMMITS = 3, OLD_COMMITS = 2, KEYS = 4, VALUE = 100, MOST_COMMITS = OLD_COMMITS + COMMITS };

struct options {
	bool old, nosync, nolog;
};

static WT_CONNECTION *connection;
static WT_SESSION *session;

static void must(const char *what, int error)
{
	if (!error)
		return;
	printf("%s: %s\n", what, wiredtiger_strerror(error));
	exit(1);
}

/* What WiredTiger says of an error goes where the checker's words go. */
static int print_message(WT_EVENT_HANDLER *handler, WT_SESSION *of, int error, const char *message)
{
	(void)handler;
	(void)of;
	(void)error;
	puts(message);
	return 0;
}

static struct options read_options(int argc, char **argv)
{
	struct options options = {0};

	for (int i = 0; i < argc; i++) {
		options.old |= strcmp(argv[i], "old") == 0;
		options.nosync |= strcmp(argv[i], "nosync") == 0;
		options.nolog |= strcmp(argv[i], "nolog") == 0;
	}
	return options;
}

static void open_database(struct options options)
{
	static WT_EVENT_HANDLER handler = {.handle_error = print_message};
	char config[200];

	snprintf(config, sizeof config, "create,cache_size=10M%s%s",
		 options.nolog ? "" : ",log=(enabled,file_max=100K)",
		 options.nolog || options.nosync ? "" : ",transaction_sync=(enabled=true,method=fsync)");
	setbuf(stdout, NULL);
	must("wiredtiger_open", wiredtiger_open(".", &handler, config, &connection));
	must("session", connection->open_session(connection, NULL, NULL, &session));
	must("create", session->create(session, "table:t", "key_format=i,value_format=S"));
}

static void close_database(void)
{
	must("close", connection->close(connection, NULL));
}

static void value_of(int key, char value[VALUE])
{
	memset(value, 'a' + key / KEYS, VALUE - 1);
	value[VALUE - 1] = 0;
}

static void commit(int n)
{
	WT_CURSOR *cursor;
	char value[VALUE];

	must("cursor", session->open_cursor(session, "table:t", NULL, NULL, &cursor));
	must("begin", session->begin_transaction(session, NULL));
	for (int key = n * KEYS; key < (n + 1) * KEYS; key++) {
		value_of(key, value);
		cursor->set_key(cursor, key);
		cursor->set_value(cursor, value);
		must("insert", cursor->insert(cursor));
	}
	must("commit", session->commit_transaction(session, NULL));
	must("close cursor", cursor->close(cursor));
}

static int prepare(struct options options)
{
	open_database(options);
	for (int n = 0; n < OLD_COMMITS; n++)
		commit(n);
	close_database();
	return 0;
}

static int run(struct options options)
{
	int first = options.old ? OLD_COMMITS : 0;

	open_database(options);
	for (int n = first; n < first + COMMITS; n++) {
		commit(n);
		if (options.nolog)
			must("checkpoint", session->checkpoint(session, NULL));
		dprintf(1, "ack %d\n", n + 1);
		if (n == first + 1)
			must("checkpoint", session->checkpoint(session, NULL));
	}
	close_database();
	return 0;
}

static int last_acknowledged(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[100];
	int last = 0;

	while (file && fgets(line, sizeof line, file))
		sscanf(line, "ack %d", &last);
	if (file)
		fclose(file);
	return last;
}

/* How many keys there are; ends the program if they are not the first ones, with their values. */
static int count_keys(void)
{
	WT_CURSOR *cursor;
	int have = 0, error, key;
	char wanted[VALUE];
	const char *value;

	must("cursor", session->open_cursor(session, "table:t", NULL, NULL, &cursor));
	while ((error = cursor->next(cursor)) == 0) {
		must("key", cursor->get_key(cursor, &key));
		must("value", cursor->get_value(cursor, &value));
		value_of(key, wanted);
		if (key != have++ || strcmp(value, wanted) != 0) {
			printf("key %d is at %d, with the value %.10s...\n", key, have - 1, value);
			exit(1);
		}
	}
	if (error != WT_NOTFOUND)
		must("next", error);
	must("close cursor", cursor->close(cursor));
	return have;
}

static int check(const char *acked, struct options options)
{
	int last = last_acknowledged(acked), have;

	if (options.old && last < OLD_COMMITS)
		last = OLD_COMMITS;
	open_database(options);
	must("verify", session->verify(session, "table:t", NULL));
	have = count_keys();
	if (have % KEYS) {
		printf("half of a commit: %d keys\n", have);
		return 1;
	}
	if (have / KEYS < last) {
		printf("commit %d was acknowledged, and the last one there is %d\n", last, have / KEYS);
		return 2;
	}
	if (have / KEYS < MOST_COMMITS)
		commit(have / KEYS);
	close_database();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "check") == 0)
		return check(argv[2], read_options(argc - 3, argv + 3));
	if (argc > 1 && strcmp(argv[1], "prepare") == 0)
		return prepare(read_options(argc - 2, argv + 2));
	return run(read_options(argc - 2, argv + 2));
}
