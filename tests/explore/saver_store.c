/* SPDX-License-Identifier: MIT */
#include "tests/explore/saver_store.h"

#include <string.h>
#include <sys/stat.h>

const char saver_check[] =
	"size=$(wc -c < data); old=$(tr -d o < data | wc -c); new=$(tr -d n < data | wc -c)\n"
	"if [ $size = 8192 ] && [ $new = 0 ]; then exit 0; fi\n"
	"if [ $size != 8192 ] || [ $old != 0 ]; then echo neither old nor new; exit 1; fi\n"
	"if grep -q saved \"$CRASH_ACKED\"; then echo it was saved; exit 2; fi\n";

void saver_store(void)
{
	char old[SAVER_BYTES];

	memset(old, 'o', sizeof old);
	lab_remove("store");
	mkdir("store", 0755);
	lab_write("store/data", old, sizeof old);
}

struct lab_result saver_explore(const char *mistake, const char *const *options)
{
	const char *argv[32] = {
		lab_variable("CRASHINJECT"), "explore", "--root", "store", "--check", saver_check};
	size_t count = 6;

	while (*options)
		argv[count++] = *options++;
	argv[count++] = "--";
	argv[count++] = "sh";
	argv[count++] = "-c";
	argv[count++] = lab_text("cd store && exec %s %s", lab_program("saver"), mistake);
	return lab_command(NULL, argv);
}

size_t saver_failures;

json_t *saver_lines(const struct lab_result *result)
{
	json_t *lines = lab_json_lines(result->out);

	for (saver_failures = 0; json_object_get(json_array_get(lines, 0), "failure"); saver_failures++)
		json_array_remove(lines, 0);
	return lines;
}

json_t *saver_summary(json_t *lines)
{
	json_t *last = json_array_get(lines, json_array_size(lines) - 1);

	const json_t *tier;
	size_t i;

	ck_assert_msg(json_object_get(last, "summary") != NULL, "the last line is not a summary");
	/* "38 of 36 states" */
	json_array_foreach(json_object_get(json_object_get(last, "summary"), "tiers"), i, tier)
		ck_assert_int_le(lab_json_number(tier, "checked", -1), lab_json_number(tier, "new", -1));
	return json_object_get(last, "summary");
}

json_t *saver_finding(json_t *lines, size_t number)
{
	json_t *finding = json_object_get(json_array_get(lines, number), "finding");

	ck_assert_msg(finding != NULL, "there is no finding %zu", number);
	return finding;
}
