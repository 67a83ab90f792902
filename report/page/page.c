/* SPDX-License-Identifier: MIT */
#include "report/page/page.h"

void crash__page_add(const struct crash__exploration *exploration, json_t *result)
{
	const json_t *findings = json_object_get(result, "findings");
	json_t *run = crash__page_run(exploration);

	if (run)
		json_object_set_new(result, "page",
				    json_pack("{s:o, s:o, s:o, s:o}", "run", run, "disk",
					      crash__page_disk(exploration), "untouched",
					      crash__page_untouched(&exploration->recording.fs), "sources",
					      crash__page_sources(findings)));
}
