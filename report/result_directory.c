/* SPDX-License-Identifier: MIT */
/*
 * The directory that keeps a result, and lets an exploration go on where it was.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "report/result.h"

int crash__result_write(const json_t *object, const char *directory, const char *name)
{
	char path[PATH_MAX], temporary[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path ||
	    snprintf(temporary, sizeof temporary, "%s/.%s", directory, name) >= (int)sizeof temporary)
		return crash__fail(CRASH_EDIR, "%s: this path is too long", directory);
	if (json_dump_file(object, temporary, JSON_INDENT(1)) < 0 || rename(temporary, path) < 0) {
		remove(temporary);
		return crash__fail_errno("cannot write %s", path);
	}
	return 0;
}

int crash__result_read(const char *directory, const char *name, json_t **object)
{
	char path[PATH_MAX];
	json_error_t where;

	if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
		return crash__fail(CRASH_EDIR, "%s: this path is too long", directory);
	*object = json_load_file(path, 0, &where);
	if (!*object && where.line < 0)
		return crash__fail(CRASH_EINVAL, "%s", where.text);
	if (!*object)
		return crash__fail(CRASH_EINVAL, "%s:%d: %s", path, where.line, where.text);
	return 0;
}

void crash__result_note(FILE *stream, const struct crash__entry *entry)
{
	fprintf(stream, "%016" PRIx64 "%016" PRIx64 " %s %d %d\n", entry->hash.high, entry->hash.low,
		crash__verdict_name(entry->kind), entry->exit_code, entry->signal);
	fflush(stream); /* whoever kills us shall not take it along */
}

int crash__result_know(struct crash__engine *engine, const char *directory)
{
	char path[PATH_MAX], name[32];
	struct crash__hash hash;
	FILE *file;
	int exit_code, signal, error = 0;

	snprintf(path, sizeof path, "%.4000s/verdicts", directory);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : crash__fail_errno("%s", path);
	/* the last line may have been cut: then it does not count */
	while (error == 0 && fscanf(file, "%16" SCNx64 "%16" SCNx64 " %31s %d %d\n", &hash.high, &hash.low,
				    name, &exit_code, &signal) == 5) {
		enum crash__verdict_kind kind = crash__verdict_of_name(name);

		if (kind != CRASH__VERDICT_NONE)
			error = crash__engine_know(engine, hash, kind, exit_code, signal);
	}
	fclose(file);
	return error;
}
