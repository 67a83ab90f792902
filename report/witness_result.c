/* SPDX-License-Identifier: MIT */
#include "report/witness_result.h"

#include <string.h>

#include "report/report.h"

static bool is_of_same(const json_t *one, const json_t *other)
{
	static const char *const keys[] = {"fs", "options", "kernel"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(crash__report_text(one, keys[i]), crash__report_text(other, keys[i])) != 0)
			return false;
	return true;
}

void crash__witness_add(json_t *finding, json_t *witness)
{
	json_t *list = json_object_get(finding, "witnesses"), *there;
	size_t i;

	if (!list) {
		list = json_array();
		json_object_set_new(finding, "witnesses", list);
	}
	json_array_foreach(list, i, there)
		if (is_of_same(there, witness)) {
			json_array_set(list, i, witness);
			return;
		}
	json_array_append(list, witness);
}

static const json_t *find_same(const json_t *findings, const json_t *wanted)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding)
		if (strcmp(crash__report_text(finding, "id"), crash__report_text(wanted, "id")) == 0 &&
		    strcmp(crash__report_text(finding, "state"), crash__report_text(wanted, "state")) == 0)
			return finding;
	return NULL;
}

void crash__witnesses_take(json_t *result, const json_t *from)
{
	const json_t *others = json_object_get(from, "findings");
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding) {
		const json_t *same = find_same(others, finding);
		json_t *list = same ? json_object_get(same, "witnesses") : NULL;

		if (list && !json_object_get(finding, "witnesses"))
			json_object_set(finding, "witnesses", list);
	}
}

/* The first two numbers of a kernel's release say which it is. */
static int kernel_length(const char *release)
{
	size_t length = strspn(release, "0123456789");

	if (release[length] == '.')
		length += 1 + strspn(release + length + 1, "0123456789");
	return (int)length;
}

void crash__witness_text(FILE *stream, const json_t *witness)
{
	const char *kernel = crash__report_text(witness, "kernel"),
		   *options = crash__report_text(witness, "options");
	long long cuts = crash__report_number(witness, "cuts"), cut = crash__report_number(witness, "cut"),
		  budget = crash__report_number(witness, "budget");
	bool seen = json_is_true(json_object_get(witness, "seen"));

	if (seen && budget)
		fprintf(stream, "seen after %lld of %lld power cuts", cut, budget);
	else if (seen)
		fprintf(stream, "seen after %lld power cut%s", cut, cut == 1 ? "" : "s");
	else
		fprintf(stream, "not seen in %lld power cut%s", cuts, cuts == 1 ? "" : "s");
	fprintf(stream, " on Linux %.*s, %s", kernel_length(kernel), kernel,
		crash__report_text(witness, "fs"));
	if (*options)
		fputs(" with ", stream);
	crash__report_escaped(stream, options);
	if (!seen)
		fputs("; that does not refute it", stream);
	else if (!json_is_true(json_object_get(witness, "alike")))
		fprintf(stream, "; but the checker fails otherwise there (%s)",
			crash__report_text(witness, "kind"));
	else if (json_is_true(json_object_get(witness, "same")))
		fputs("; the checker says the same", stream);
	else
		fputs("; but the checker says something else there", stream);
}
