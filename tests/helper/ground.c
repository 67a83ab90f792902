/* SPDX-License-Identifier: MIT */
/*
 * The process stands in for the shim by defining the two functions that breakpoint.h looks for.
 */
#include "tests/helper/ground.h"

#include "helper/bugs.h"
#include "helper/crc32c.h"
#include "helper/file.h"
#include "helper/scenario.h"
#include "helper/snapshot.h"

#include <crashinject/breakpoint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- breakpoints ---- */

/* Weak, as breakpoint.h refers to them in this very file, and an assembler wants one of the two. */
void crash__attach(struct crash_site *start, struct crash_site *stop) __attribute__((weak));
void crash__hit(struct crash_site *site) __attribute__((weak));

static struct crash_site *sites, *sites_end;
static const char *die_at; /* the point to end the process at, or NULL */
static unsigned int die_hit;
unsigned int ground_hits[GROUND_POINTS], ground_stray_hits;
bool ground_slow;

void crash__attach(struct crash_site *start, struct crash_site *stop)
{
	sites = start;
	sites_end = stop;
}

void crash__hit(struct crash_site *site)
{
	const char *name = (const char *)&site->name + site->name;
	unsigned int i;

	for (i = 0; scenario_points[i].name && strcmp(scenario_points[i].name, name) != 0; i++)
		;
	if (scenario_points[i].name == NULL)
		__atomic_add_fetch(&ground_stray_hits, 1, __ATOMIC_SEQ_CST);
	else if (__atomic_add_fetch(&ground_hits[i], 1, __ATOMIC_SEQ_CST) == die_hit && die_at &&
		 strcmp(die_at, name) == 0)
		_exit(GROUND_DIED);
	if (ground_slow)
		usleep(200);
}

void ground_arm(const char *point, unsigned int hit)
{
	struct crash_site *site;

	memset(ground_hits, 0, sizeof(ground_hits));
	ground_stray_hits = 0;
	die_at = point;
	die_hit = hit;
	ck_assert_ptr_nonnull(sites);
	for (site = sites; site < sites_end; site++)
		__atomic_store_n(&site->armed, 1, __ATOMIC_RELAXED);
}

unsigned int ground_hits_of(const char *point)
{
	unsigned int i;

	for (i = 0; scenario_points[i].name; i++)
		if (strcmp(scenario_points[i].name, point) == 0)
			return ground_hits[i];
	ck_abort_msg("no point %s", point);
}

/* ---- directories ---- */

static char base[400]; /* of the whole program */
char ground_root[500], ground_store[600], ground_acks[600];

static void make_root(void)
{
	bug_planted = BUG_NONE;
	die_at = NULL;
	ground_slow = false;
	snprintf(ground_root, sizeof(ground_root), "%s/XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(ground_root));
	snprintf(ground_store, sizeof(ground_store), "%s/store", ground_root);
	snprintf(ground_acks, sizeof(ground_acks), "%s/acks", ground_root);
}

void ground_empty(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char name[1000];

	while (directory && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) < 0 && errno == EISDIR) {
			ground_empty(name);
			rmdir(name);
		}
	}
	if (directory)
		closedir(directory);
}

static void remove_root(void)
{
	ground_empty(ground_root);
	rmdir(ground_root);
}

int ground_directory(void)
{
	int fd;

	mkdir(ground_store, 0777);
	fd = open(ground_store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

struct bytes ground_read(const char *name)
{
	struct bytes content = {0};
	int directory = ground_directory();

	ck_assert_int_eq(file_read_name(directory, name, &content), 0);
	close(directory);
	return content;
}

void ground_write(const char *name, const void *data, size_t size)
{
	int directory = ground_directory();
	int fd = file_create(directory, name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write(fd, data, size, 0), 0);
	close(fd);
	close(directory);
}

bool ground_exists(const char *name)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", ground_store, name);
	return access(path, F_OK) == 0;
}

void ground_remove(const char *name)
{
	int directory = ground_directory();

	ck_assert_int_eq(file_remove(directory, name), 1);
	close(directory);
}

uint32_t ground_fingerprint(void)
{
	static const char *const names[] = {SNAPSHOT_NAME, SNAPSHOT_BACKUP, SNAPSHOT_TMP, WAL_NAME,
					    "store.wal.tmp"};
	struct bytes content;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!ground_exists(names[i]))
			continue;
		content = ground_read(names[i]);
		sum = crc32c(crc32c(sum, names[i], strlen(names[i])), content.data, content.size);
		bytes_clear(&content);
	}
	return sum;
}

/* ---- logs and stores ---- */

int ground_note(void *context, uint64_t sequence, const void *payload, size_t size)
{
	struct ground_visited *visited = context;

	ck_assert_uint_eq(sequence, visited->count ? visited->last + 1 : sequence);
	visited->count++;
	visited->last = sequence;
	bytes_append(&visited->payloads, payload, size);
	return 0;
}

int ground_visit_log(uint64_t covered, struct ground_visited *visited)
{
	int directory = ground_directory();
	struct wal *wal = NULL;
	int error;

	*visited = (struct ground_visited){0};
	error = wal_open(&wal, directory, covered, ground_note, visited, NULL);
	if (!error)
		ck_assert_int_eq(wal_repair(wal), 0);
	wal_close(wal);
	close(directory);
	return error;
}

struct store *ground_open(void)
{
	struct store *store = NULL;
	struct reason why = {{0}};
	int error = store_open(&store, ground_store, &why);

	ck_assert_msg(error == 0, "%s", why.text);
	return store;
}

int ground_refused(struct reason *why)
{
	struct store *store = NULL;
	uint32_t before = ground_fingerprint();
	int error = store_open(&store, ground_store, why);

	ck_assert_int_ne(error, 0);
	ck_assert_ptr_null(store);
	ck_assert_uint_eq(ground_fingerprint(), before); /* left as it was found */
	return error;
}

/* ---- suites ---- */

TCase *ground_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, make_root, remove_root);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int ground_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failures;

	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	ground_empty(base);
	rmdir(base);
	return failures != 0;
}

Suite *ground_suite(const char *name)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(base, sizeof(base), "%s/check-helper-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(base) == NULL) {
		perror(base);
		exit(1);
	}
	return suite_create(name);
}
