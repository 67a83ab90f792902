/* SPDX-License-Identifier: MIT */
#include "tests/unit/support.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 60 /* for one test: the machine may be busy */

static char base[PATH_MAX / 2];

TCase *support_case(Suite *suite, const char *name, ...)
{
	TCase *tcase = tcase_create(name);
	const TTest *test;
	va_list tests;

	tcase_set_timeout(tcase, SECONDS);
	va_start(tests, name);
	while ((test = va_arg(tests, const TTest *)) != NULL)
		tcase_add_test(tcase, test);
	va_end(tests);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

int support_run(Suite *suite)
{
	const char *tmp = getenv("TMPDIR");
	SRunner *runner = srunner_create(suite);
	int failed;

	snprintf(base, sizeof base, "%s/crashinject-check-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(base)) {
		perror(base);
		return 1;
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return failed != 0;
}

void support_directory(char path[PATH_MAX])
{
	char name[PATH_MAX / 2 + 16];

	snprintf(name, sizeof name, "%s/XXXXXX", base);
	ck_assert_msg(mkdtemp(name) != NULL, "cannot make %s", name);
	ck_assert_msg(realpath(name, path) != NULL, "cannot resolve %s", name);
}

void support_say_skip(const char *function, const char *reason)
{
	size_t length = strlen(function);

	/* Check calls the function behind a test NAME_fn */
	if (length > 3 && strcmp(function + length - 3, "_fn") == 0)
		length -= 3;
	printf("SKIP: %.*s: %s\n", (int)length, function, reason);
	fflush(stdout);
}

uint64_t support_seed(void)
{
	const char *given = getenv("SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seed = given ? strtoull(given, NULL, 0) :
		       ((uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid()) % 1000000;
	printf("SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

uint64_t support_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

int support_rounds(int usual)
{
	const char *given = getenv("ROUNDS");

	if (given)
		return atoi(given);
	return getenv("CRASHINJECT_LONG") ? usual * 20 : usual;
}

void *support_shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_msg(memory != MAP_FAILED, "no shared memory");
	return memory;
}
