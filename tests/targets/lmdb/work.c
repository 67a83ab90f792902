/* SPDX-License-Identifier: MIT */
/*
 * work.c - transactions on LMDB, and a look at what is left of them.
 *
 *     work run FLAG...    flags: nosync writemap mapasync nometasync; each commit is acknowledged on stdout
 *     work new            an environment without commits
 *     work more           two commits more, which nobody is told of
 *     work check ACKED    0 right, 1 inconsistent, 2 an acknowledged commit is lost
 *
 * Commit N puts the keys N.0 to N.3 and deletes those of N - 2.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMITS 5
#define KEYS 4

static void need(int error, const char *what)
{
	if (error) {
		printf("%s: %s\n", what, mdb_strerror(error));
		exit(1);
	}
}

static void fill(int n, int i, char key[16], char value[700])
{
	snprintf(key, 16, "%d.%d", n, i);
	memset(value, 'a' + n, 700);
	snprintf(value, 700, "value of %d.%d", n, i);
}

static MDB_env *open_env(unsigned int flags)
{
	MDB_env *env;

	need(mdb_env_create(&env), "mdb_env_create");
	need(mdb_env_set_mapsize(env, 1 << 20), "mdb_env_set_mapsize");
	need(mdb_env_open(env, ".", flags, 0644), "mdb_env_open");
	return env;
}

static void commit(MDB_env *env, int n)
{
	MDB_txn *txn;
	MDB_dbi dbi;
	char name[16], text[700];

	need(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	need(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open");
	for (int i = 0; i < KEYS; i++) {
		MDB_val key, value = {sizeof text, text};

		fill(n, i, name, text);
		key = (MDB_val){strlen(name), name};
		need(mdb_put(txn, dbi, &key, &value, 0), "mdb_put");
		fill(n - 2, i, name, text);
		key = (MDB_val){strlen(name), name};
		if (n > 2)
			need(mdb_del(txn, dbi, &key, NULL), "mdb_del");
	}
	need(mdb_txn_commit(txn), "mdb_txn_commit");
	dprintf(1, "ack %d\n", n);
}

/* The last commit, if what is there is just what it left. */
static int last_commit(MDB_txn *txn)
{
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	char name[16], text[700];
	int last = 0, count = 0, error;

	need(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open");
	need(mdb_cursor_open(txn, dbi, &cursor), "mdb_cursor_open");
	while ((error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		int n, i;

		snprintf(text, sizeof text, "%.*s", (int)(key.mv_size < 15 ? key.mv_size : 15),
			 (char *)key.mv_data);
		if (sscanf(text, "%d.%d", &n, &i) != 2) {
			printf("a key that nobody put\n");
			exit(1);
		}
		fill(n, i, name, text);
		if (value.mv_size != sizeof text || memcmp(value.mv_data, text, sizeof text) != 0) {
			printf("%s has another value than it was given\n", name);
			exit(1);
		}
		last = n > last ? n : last;
		count++;
	}
	if (error != MDB_NOTFOUND)
		need(error, "mdb_cursor_get");
	mdb_cursor_close(cursor);
	if (count != (last > 1 ? 2 : last) * KEYS) {
		printf("half of a commit: %d keys, and the last is of %d\n", count, last);
		exit(1);
	}
	return last;
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

/* Also whether it can go on: free pages that are in use show only then. */
static int check(const char *acked)
{
	int last = last_acknowledged(acked), have;
	MDB_env *env = open_env(0);
	MDB_txn *txn;

	need(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
	have = last_commit(txn);
	mdb_txn_abort(txn);
	if (have < last) {
		printf("commit %d was acknowledged, and the last one there is %d\n", last, have);
		return 2;
	}
	freopen("/dev/null", "w", stdout);
	for (int n = have + 1; n < have + 4; n++)
		commit(env, n);
	need(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
	return last_commit(txn) == have + 3 ? 0 : 1;
}

/* What is there is what some commit left, or this goes no further. */
static int go_on(void)
{
	MDB_env *env = open_env(0);
	MDB_txn *txn;
	int have;

	freopen("/dev/null", "w", stdout);
	need(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
	have = last_commit(txn);
	mdb_txn_abort(txn);
	for (int n = have + 1; n < have + 3; n++)
		commit(env, n);
	mdb_env_close(env);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} names[] = {{"nosync", MDB_NOSYNC},
		     {"writemap", MDB_WRITEMAP},
		     {"mapasync", MDB_MAPASYNC},
		     {"nometasync", MDB_NOMETASYNC}};
	unsigned int flags = 0;
	MDB_env *env;

	if (argc > 2 && strcmp(argv[1], "check") == 0)
		return check(argv[2]);
	if (argc > 1 && strcmp(argv[1], "more") == 0)
		return go_on();
	for (int i = 2; i < argc; i++)
		for (size_t at = 0; at < sizeof names / sizeof *names; at++)
			flags |= strcmp(argv[i], names[at].name) == 0 ? names[at].flag : 0;
	env = open_env(flags);
	if (argc > 1 && strcmp(argv[1], "new") == 0)
		return 0;
	for (int n = 1; n <= COMMITS; n++)
		commit(env, n);
	mdb_env_close(env);
	return 0;
}
