/* SPDX-License-Identifier: MIT */
/*
 * check_glob.c - patterns match what fnmatch(3) matches, and paths by the rules of crashinject-rules(7).
 */
#include "common/glob.h"
#include "common/libc_version.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/support.h"

static const struct {
	const char *pattern, *text;
	bool matches;
} table[] = {
	/* nothing special */
	{"", "", true},
	{"", "a", false},
	{"wal", "wal", true},
	{"wal", "wa", false},
	{"wal", "wals", false},
	{"wal", "WAL", false},
	/* a star is any text, the empty one too */
	{"*", "", true},
	{"*", "/a/b", true},
	{"**", "ab", true},
	{"a*", "a", true},
	{"*a", "a", true},
	{"a*c", "abbc", true},
	{"a*c", "abbcd", false},
	{"*.db", "x.db", true},
	{"*.db", ".db", true},
	{"*.db", "x.dbx", false},
	/* the last star gives back what it took too early */
	{"*ab", "aab", true},
	{"*ab*ab", "abxabab", true},
	{"a*b*c", "abbcbc", true},
	{"a*b*c", "acbxb", false},
	{"*a*a*a*", "aa", false},
	{"*a*a*a*", "aaa", true},
	/* a question mark is one character */
	{"?", "a", true},
	{"?", "", false},
	{"?", "ab", false},
	{"a?c", "a/c", true},
	{"*?", "", false},
	{"?*?", "a", false},
	{"?*?", "ab", true},
	/* sets */
	{"[abc]", "b", true},
	{"[abc]", "d", false},
	{"[abc]", "", false},
	{"[a-c]", "b", true},
	{"[a-c]", "-", false},
	{"[c-a]", "b", false},
	{"[a-]", "-", true},
	{"[-a]", "-", true},
	{"[a-]", "b", false},
	{"[]]", "]", true},
	{"[]a]", "a", true},
	{"[!a]", "b", true},
	{"[!a]", "a", false},
	{"[^a]", "b", true},
	{"[^a]", "a", false},
	{"[!]]", "]", false},
	{"[!]]", "a", true},
	{"[a!]", "!", true},
	{"[\\]]", "]", true},
	{"[\\]]", "\\", false},
	{"[\\a-c]", "b", true},
	{"[a-\\c]", "b", true},
	{"[a-\\c]", "]", false},
	{"[*?]", "*", true},
	{"[*?]", "x", false},
	{"[0-9]*[0-9]", "1x2", true},
	{"*[0-9]", "12x3", true},
	/* a set that is not closed is a bracket */
	{"[", "[", true},
	{"[a", "[a", true},
	{"[a", "a", false},
	{"a[", "a[", true},
	{"[!", "[!", true},
	/* escapes */
	{"\\*", "*", true},
	{"\\*", "a", false},
	{"\\?", "?", true},
	{"\\?", "a", false},
	{"\\[a]", "[a]", true},
	{"\\\\", "\\", true},
	{"\\a", "a", true},
	{"\\a", "\\a", false},
	{"*\\*", "ab*", true},
	{"*\\*", "ab", false},
	/* with nothing behind it a backslash is one */
	{"\\", "\\", true},
	{"a\\", "a\\", true},
	/* bytes above 127 are characters too */
	{"[\x80-\xff]", "\xc3", true},
	{"[\x80-\xff]", "a", false},
	{"?", "\xc3", true},
};

#define ROWS (int)(sizeof table / sizeof *table)

START_TEST(the_whole_text_matches)
{
	ck_assert_msg(crash__glob_match(table[_i].pattern, table[_i].text) == table[_i].matches,
		      "\"%s\" and \"%s\"", table[_i].pattern, table[_i].text);
}
END_TEST

/* Not where fnmatch() has more than we do, or takes what it finds no end of for an error: "\\", "[a-"; up to
 * glibc 2.32 any "[". */
static bool is_comparable(const char *pattern)
{
	size_t length = strlen(pattern), backslashes = 0;

	if (crash__libc_minor() < 33 && strchr(pattern, '['))
		return false;
	while (backslashes < length && pattern[length - backslashes - 1] == '\\')
		backslashes++;
	return backslashes % 2 == 0 && (length == 0 || pattern[length - 1] != '-') &&
	       !strstr(pattern, "[:") && !strstr(pattern, "[.") && !strstr(pattern, "[=");
}

START_TEST(fnmatch_agrees)
{
	static const char in_patterns[] = "aab-/]*?[!^\\", in_text[] = "aab-/]*[\\!^";
	uint64_t random = support_seed();
	unsigned int compared = 0, matched = 0;

	for (int round = 0; round < 300000; round++) {
		char pattern[10] = "", text[8] = "";
		size_t length = support_below(&random, sizeof pattern);
		bool theirs;

		for (size_t i = 0; i < length; i++)
			pattern[i] = in_patterns[support_below(&random, sizeof in_patterns - 1)];
		length = support_below(&random, sizeof text);
		for (size_t i = 0; i < length; i++)
			text[i] = in_text[support_below(&random, sizeof in_text - 1)];
		if (!is_comparable(pattern))
			continue;
		theirs = fnmatch(pattern, text, 0) == 0;
		compared++;
		matched += theirs;
		ck_assert_msg(crash__glob_match(pattern, text) == theirs,
			      "\"%s\" and \"%s\": fnmatch says %s", pattern, text, theirs ? "yes" : "no");
	}
	/* the comparison was not of noise with noise */
	ck_assert_uint_gt(compared, 100000);
	ck_assert_uint_gt(matched, 5000);
}
END_TEST

static const struct {
	const char *pattern, *path;
	bool matches;
} paths[] = {
	/* without a slash: the last component */
	{"*.db", "/data/x.db", true},
	{"*.db", "/data.db/x", false},
	{"x", "/a/x", true},
	{"x", "/x/a", false},
	{"x", "/a/yx", false},
	{"x", "x", true},
	{"[a-c]", "/d/b", true},
	/* from the root */
	{"/data/x.db", "/data/x.db", true},
	{"/data/*", "/data/sub/x", true},
	{"/data", "/data/x", false},
	{"/ata/x", "/data/ata/x", false},
	/* from anywhere */
	{"*/wal/*", "/data/wal/1", true},
	{"*/wal/*", "/data/wall/1", false},
	{"*/x", "/x", true},
	/* from any component, but not from within one */
	{"wal/1", "/data/wal/1", true},
	{"wal/1", "/wal/1", true},
	{"wal/1", "/data/newal/1", false},
	{"wal/1", "/data/wal/12", false},
	{"wal/*", "/data/wal/a/b", true},
	{"?al/1", "/data/wal/1", true},
	{"[vw]al/1", "/data/wal/1", true},
	{"a/b", "/a/a/b", true},
	{"wal/", "/data/wal/1", false},
};

START_TEST(a_file_pattern_starts_where_it_may)
{
	ck_assert_msg(crash__glob_match_path(paths[_i].pattern, paths[_i].path) == paths[_i].matches,
		      "\"%s\" and \"%s\"", paths[_i].pattern, paths[_i].path);
}
END_TEST

/* With backtracking at every star this would take longer than the universe has been there. */
START_TEST(many_stars_take_no_time)
{
	char pattern[201], text[4097];
	struct timespec before, after;

	for (size_t i = 0; i < 200; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[199] = 'b';
	pattern[200] = '\0';
	memset(text, 'a', 4096);
	text[4096] = '\0';
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	ck_assert(!crash__glob_match(pattern, text));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	ck_assert_int_le(after.tv_sec - before.tv_sec, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("glob");
	TCase *tcase = support_case(suite, "glob", fnmatch_agrees, many_stars_take_no_time, NULL);

	tcase_add_loop_test(tcase, the_whole_text_matches, 0, ROWS);
	tcase_add_loop_test(tcase, a_file_pattern_starts_where_it_may, 0,
			    (int)(sizeof paths / sizeof *paths));
	return support_run(suite);
}
