/* SPDX-License-Identifier: MIT */
/*
 * bench_checker.c - checker servers for explore.sh.
 *
 *	bench_checker		accepts everything
 *	bench_checker FILE	asks libsqlite3, which is loaded when it is wanted, whether FILE is sound
 */
#include <crashinject/crashinject.h>

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static int (*open_database)(const char *name, void **database);
static int (*exec)(void *database, const char *sql, int (*row)(void *, int, char **, char **), void *context,
		   char **error);
static int (*close_database)(void *database);

static bool find_sqlite(void)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW);

	if (!library)
		return false;
	*(void **)&open_database = dlsym(library, "sqlite3_open");
	*(void **)&exec = dlsym(library, "sqlite3_exec");
	*(void **)&close_database = dlsym(library, "sqlite3_close");
	return open_database && exec && close_database;
}

static int take_row(void *context, int columns, char **values, char **names)
{
	(void)names;
	*(bool *)context = columns == 1 && strcmp(values[0], "ok") == 0;
	return 0;
}

static bool is_sound(const char *name)
{
	void *database = NULL;
	bool sound = false;

	if (open_database(name, &database) == 0)
		exec(database, "pragma integrity_check", take_row, &sound, NULL);
	close_database(database);
	return sound;
}

int main(int argc, char **argv)
{
	struct crash_checked check = {0};
	int next;

	if (argc > 1 && !find_sqlite()) {
		fputs("checker: there is no libsqlite3\n", stderr);
		return 1;
	}
	while ((next = crash_checker_next(&check)) > 0)
		if (argc > 1 && !is_sound(argv[1]))
			check.verdict = CRASH_INCONSISTENT;
	return next < 0;
}
