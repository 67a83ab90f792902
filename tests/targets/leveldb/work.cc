// SPDX-License-Identifier: MIT
//
// work.cc - puts on LevelDB, and a look at what is left of them.
//
//     work run          puts without sync, until the log is another one; then one with sync, which is told
//     work open         tells the last put of that, and opens and closes the database
//     work check ACKED  exit status: 0 right, 1 inconsistent, 2 a put is lost that was told, or one before it
//
// LevelDB promises of a put with sync that it is not lost. Puts before it, of the same thread, are older: a
// database that has the later one and lacks an earlier one is in no state that any reader can have seen.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <leveldb/db.h>
#include <string>
#include <unistd.h>

enum { PUTS = 90, ROUNDS = 2 };

static leveldb::DB *open_database(bool create)
{
	leveldb::Options options;
	leveldb::DB *database = nullptr;

	options.create_if_missing = create;
	options.paranoid_checks = true;
	options.write_buffer_size = 64 << 10;
	options.compression = leveldb::kNoCompression;
	leveldb::Status status = leveldb::DB::Open(options, ".", &database);
	if (!status.ok()) {
		printf("open: %s\n", status.ToString().c_str());
		exit(1);
	}
	return database;
}

static std::string key_of(int n)
{
	char text[16];

	snprintf(text, sizeof text, "k%05d", n);
	return text;
}

static std::string value_of(int n)
{
	return std::string(900, (char)('a' + n % 26)) + key_of(n);
}

static void put(leveldb::DB *database, int n, bool sync)
{
	leveldb::WriteOptions options;

	options.sync = sync;
	leveldb::Status status = database->Put(options, key_of(n), value_of(n));
	if (!status.ok()) {
		printf("put: %s\n", status.ToString().c_str());
		exit(1);
	}
}

static int run()
{
	leveldb::DB *database = open_database(true);
	int n = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PUTS; i++)
			put(database, n++, false);
		put(database, n, true);
		dprintf(1, "ack %d\n", n++);
	}
	delete database;
	return 0;
}

static int open_again()
{
	dprintf(1, "ack %d\n", ROUNDS * (PUTS + 1) - 1);
	delete open_database(false);
	return 0;
}

static int told_by(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[100];
	int told = -1;

	while (file && fgets(line, sizeof line, file))
		sscanf(line, "ack %d", &told);
	if (file)
		fclose(file);
	return told;
}

static int check(const char *acked)
{
	int told = told_by(acked);

	if (told < 0 && access("CURRENT", F_OK) < 0)
		return 0;
	leveldb::DB *database = open_database(false);
	leveldb::ReadOptions options;
	options.verify_checksums = true;
	leveldb::Iterator *at = database->NewIterator(options);
	int next = 0;

	for (at->SeekToFirst(); at->Valid(); at->Next(), next++) {
		if (at->key().ToString() != key_of(next)) {
			printf("%s is missing, and %s is there\n", key_of(next).c_str(),
			       at->key().ToString().c_str());
			return 1;
		}
		if (at->value().ToString() != value_of(next)) {
			printf("%s has another value than it was given\n", key_of(next).c_str());
			return 1;
		}
	}
	if (!at->status().ok()) {
		printf("reading: %s\n", at->status().ToString().c_str());
		return 1;
	}
	if (next <= told) {
		printf("the put of %s was told, and the last one there is %s\n", key_of(told).c_str(),
		       next ? key_of(next - 1).c_str() : "none");
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "check") == 0)
		return check(argv[2]);
	return argc > 1 && strcmp(argv[1], "open") == 0 ? open_again() : run();
}
