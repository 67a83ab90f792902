/* SPDX-License-Identifier: MIT */
/* One object a line: the findings, then the summary. */
#include "report/report.h"

#include "base/json_value.h"

static void print(FILE *stream, const json_t *result, const struct crash__report_options *options)
{
	json_t *finding;
	size_t i;

	(void)options;
	json_array_foreach(json_object_get(result, "findings"), i, finding)
		crash__json_print(stream, json_pack("{s:O}", "finding", finding));
	crash__json_print(stream, json_pack("{s:O}", "summary", json_object_get(result, "summary")));
}

const struct crash__reporter crash__report_json = {print};
