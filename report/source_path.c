/* SPDX-License-Identifier: MIT */
#include "report/source_path.h"

#include <string.h>

#include "report/report.h"

const char *crash__source_path(const json_t *result, const char *file, bool *below)
{
	const char *root = crash__report_text(json_object_get(result, "settings"), "source_root");
	size_t length = strlen(root);

	while (length && root[length - 1] == '/')
		length--;
	*below = *file != '/';
	if (length && strncmp(file, root, length) == 0 && file[length] == '/') {
		file += length;
		file += strspn(file, "/");
		*below = true;
	}
	return file;
}

const json_t *crash__source_op(const json_t *finding)
{
	const json_t *ops = json_object_get(finding, "ops");

	for (size_t i = json_array_size(ops); i > 0; i--) {
		const json_t *op = json_array_get(ops, i - 1);

		if (json_is_object(json_object_get(op, "location")))
			return op;
	}
	return NULL;
}
