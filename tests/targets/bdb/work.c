// SPDX-License-Identifier: MIT
//
// work.c - transactions on Berkeley DB, and a look at what is left of them.
//
//     work run [OPTION]...  acknowledged transactions of four keys, a checkpoint after the second
//
//     work check ACKED      recovers and looks: 0 right, 1 inconsistent, 2 an acknowledged commit is lost
//
// OPTION: sector   pages of 512 bytes, which a disk writes whole; else of 4096
//         nosync   DB_TXN_NOSYNC: a commit is there whole or not at all, and need not be durable
//         regions  the environment's shared memory is in files, as several processes need it; else in memory
#include <db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMITS = 3, KEYS = 4, VALUE = 100 };

static DB_ENV *environment;
static DB *database;

static void must(const char *what, int error)
{
	if (!error)
		return;
	printf("%s: %s\n", what, db_strerror(error));
	exit(1);
}

struct options {
	uint32_t page, environment, transactions;
};

static struct options read_options(int argc, char **argv)
{
	struct options options = {.page = 4096, .environment = DB_PRIVATE};

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "sector") == 0)
			options.page = 512;
		if (strcmp(argv[i], "nosync") == 0)
			options.transactions = DB_TXN_NOSYNC;
		if (strcmp(argv[i], "regions") == 0)
			options.environment = 0;
	}
	return options;
}

static void open_database(struct options options)
{
	must("environment", db_env_create(&environment, 0));
	environment->set_errfile(environment, stdout);
	must("log size", environment->set_lg_max(environment, 64 << 10));
	must("log buffer", environment->set_lg_bsize(environment, 8 << 10));
	must("flags", environment->set_flags(environment, options.transactions, 1));
	must("open environment", environment->open(environment, ".",
						   DB_CREATE | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL |
							   DB_INIT_LOCK | options.environment,
						   0));
	must("database", db_create(&database, environment, 0));
	must("page size", database->set_pagesize(database, options.page));
	must("open database",
	     database->open(database, NULL, "t.db", NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT, 0));
}

static void close_database(void)
{
	must("close", database->close(database, 0));
	must("close environment", environment->close(environment, 0));
}

static void key_of(int n, char key[16])
{
	snprintf(key, 16, "key%04d", n);
}

static void commit(int n)
{
	char key[16], value[VALUE];
	DB_TXN *txn;

	memset(value, 'a' + n, sizeof value);
	must("begin", environment->txn_begin(environment, NULL, &txn, 0));
	for (int i = 0; i < KEYS; i++) {
		DBT k = {.data = key, .size = 8}, v = {.data = value, .size = sizeof value};

		key_of(n * KEYS + i, key);
		must("put", database->put(database, txn, &k, &v, 0));
	}
	must("commit", txn->commit(txn, 0));
}

static int run(struct options options)
{
	open_database(options);
	for (int n = 0; n < COMMITS; n++) {
		commit(n);
		dprintf(1, "ack %d\n", n + 1);
		if (n == 1)
			must("checkpoint", environment->txn_checkpoint(environment, 0, 0, DB_FORCE));
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
	char key[16];
	int have = 0;

	for (int n = 0; n < COMMITS * KEYS; n++) {
		DBT k = {.data = key, .size = 8}, v = {0};
		int error;

		key_of(n, key);
		error = database->get(database, NULL, &k, &v, 0);
		if (error == DB_NOTFOUND)
			continue;
		must("get", error);
		if (v.size != VALUE || *(char *)v.data != 'a' + n / KEYS) {
			printf("%s has another value than it was given\n", key);
			exit(1);
		}
		if (have++ != n) {
			printf("%s is there, and one before it is not\n", key);
			exit(1);
		}
	}
	return have;
}

static int check(const char *acked)
{
	int last = last_acknowledged(acked), have;

	open_database((struct options){.page = 4096, .environment = DB_PRIVATE | DB_RECOVER});
	have = count_keys();
	if (have % KEYS) {
		printf("half of a commit: %d keys\n", have);
		return 1;
	}
	if (have / KEYS < last) {
		printf("commit %d was acknowledged, and the last one there is %d\n", last, have / KEYS);
		return 2;
	}
	if (have / KEYS < COMMITS)
		commit(have / KEYS);
	close_database();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "check") == 0)
		return check(argv[2]);
	return run(read_options(argc - 2, argv + 2));
}
