// SPDX-License-Identifier: MIT
//
// work.c - puts on RocksDB, and a look at what is left of them.
//
//     work run          puts without sync, an acknowledged one with sync; a flush and a compaction in between
//     work open         acknowledges the last put of that, and opens and closes the database
//     work check ACKED  0 right, 1 inconsistent, 2 an acknowledged put is lost, or one before it
//
// RocksDB promises of a put with sync that it is not lost, nor any before it: they are in the same log, or in
// logs and tables that were synced. A database that has a later put and lacks an earlier one is in no state
// that a reader can have seen.
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PUTS = 6, ROUNDS = 4 };

static rocksdb_t *database;

/* Ends if RocksDB complained. */
static void check_error(const char *of, char *error)
{
	if (!error)
		return;
	printf("%s: %s\n", of, error);
	exit(1);
}

static void open_database(int create)
{
	rocksdb_options_t *options = rocksdb_options_create();
	char *error = NULL;

	rocksdb_options_set_create_if_missing(options, (unsigned char)create);
	rocksdb_options_set_paranoid_checks(options, 1);
	rocksdb_options_set_compression(options, rocksdb_no_compression);
	rocksdb_options_set_disable_auto_compactions(options, 1);
	rocksdb_options_set_stats_dump_period_sec(options, 0);
	rocksdb_options_set_stats_persist_period_sec(options, 0);
	rocksdb_options_set_info_log_level(options, 4);
	database = rocksdb_open(options, ".", &error);
	check_error("open", error);
	rocksdb_options_destroy(options);
}

static void make_pair(int n, char key[16], char value[216])
{
	snprintf(key, 16, "k%05d", n);
	memset(value, 'a' + n % 26, 200);
	strcpy(value + 200, key);
}

static void put(int n, int sync)
{
	rocksdb_writeoptions_t *options = rocksdb_writeoptions_create();
	char key[16], value[216], *error = NULL;

	make_pair(n, key, value);
	rocksdb_writeoptions_set_sync(options, (unsigned char)sync);
	rocksdb_put(database, options, key, strlen(key), value, strlen(value), &error);
	check_error("put", error);
	rocksdb_writeoptions_destroy(options);
}

static void flush(void)
{
	rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
	char *error = NULL;

	rocksdb_flush(database, options, &error);
	check_error("flush", error);
	rocksdb_flushoptions_destroy(options);
}

static int run(void)
{
	int n = 0;

	open_database(1);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PUTS; i++)
			put(n++, 0);
		put(n, 1);
		dprintf(1, "ack %d\n", n++);
		if (round < 2) {
			put(n++, 0);
			flush();
		}
		if (round == 2)
			rocksdb_compact_range(database, NULL, 0, NULL, 0);
	}
	rocksdb_close(database);
	return 0;
}

static int last_acknowledged(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[100];
	int last = -1;

	while (file && fgets(line, sizeof line, file))
		sscanf(line, "ack %d", &last);
	if (file)
		fclose(file);
	return last;
}

static int check(const char *acked)
{
	rocksdb_readoptions_t *options = rocksdb_readoptions_create();
	char key[16], value[216], *error = NULL;
	int last = last_acknowledged(acked), next = 0;
	rocksdb_iterator_t *at;
	const char *got;
	size_t length;

	if (last < 0 && access("CURRENT", F_OK) < 0)
		return 0;
	open_database(0);
	rocksdb_readoptions_set_verify_checksums(options, 1);
	at = rocksdb_create_iterator(database, options);
	for (rocksdb_iter_seek_to_first(at); rocksdb_iter_valid(at); rocksdb_iter_next(at), next++) {
		make_pair(next, key, value);
		got = rocksdb_iter_key(at, &length);
		if (length != strlen(key) || memcmp(got, key, length) != 0) {
			printf("%s is missing, and %.*s is there\n", key, (int)length, got);
			return 1;
		}
		got = rocksdb_iter_value(at, &length);
		if (length != strlen(value) || memcmp(got, value, length) != 0) {
			printf("%s has another value than it was given\n", key);
			return 1;
		}
	}
	rocksdb_iter_get_error(at, &error);
	check_error("reading", error);
	rocksdb_iter_destroy(at);
	if (next <= last) {
		printf("put %d was acknowledged, and there are %d\n", last, next);
		return 2;
	}
	put(next, 1);
	rocksdb_close(database);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "check") == 0)
		return check(argv[2]);
	if (argc > 1 && strcmp(argv[1], "open") == 0) {
		dprintf(1, "ack %d\n", ROUNDS * (PUTS + 1) + 1);
		open_database(0);
		rocksdb_close(database);
		return 0;
	}
	return run();
}
