/* SPDX-License-Identifier: MIT */
#include "report/page/html.h"

#include <string.h>

/* Whatever a string has, it ends neither the element nor begins a comment: no '<' is left. In JSON it can
 * only be within strings. */
static int write_escaped(const char *bytes, size_t count, void *stream)
{
	while (count) {
		const char *found = memchr(bytes, '<', count);
		size_t plain = found ? (size_t)(found - bytes) : count;

		if (fwrite(bytes, 1, plain, stream) != plain || (found && fputs("\\u003c", stream) < 0))
			return -1;
		bytes += plain + !!found;
		count -= plain + !!found;
	}
	return 0;
}

void crash__html_data(FILE *stream, json_t *data)
{
	fputs("<script type=\"application/json\" id=\"data\">", stream);
	json_dump_callback(data, write_escaped, stream, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputs("</script>\n", stream);
	json_decref(data);
}

/* What articles have in words is not needed twice. */
static json_t *finding_data(const json_t *finding)
{
	static const char *const keys[] = {"id",    "kind",	"scope",  "sentence", "ops",
					   "files", "models",	"states", "times",    "point",
					   "state", "accepted", "faults"};
	json_t *data = json_object();

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_object_get(finding, keys[i]))
			json_object_set(data, keys[i], json_object_get(finding, keys[i]));
	return data;
}

json_t *crash__html_result_data(const json_t *result)
{
	json_t *findings = json_array(), *page = json_object_get(result, "page");
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding)
		json_array_append_new(findings, finding_data(finding));
	return json_pack("{s:o, s:o}", "findings", findings, "page", page ? json_incref(page) : json_null());
}
