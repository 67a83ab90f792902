/* SPDX-License-Identifier: MIT */
#include "explore/recording/recording.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "explore/fs/fs_replay.h"
#include "trace/reader.h"
#include "trace/starting_tree.h"

int crash__recording_incomplete(struct crash__recording *recording, const char *format, ...)
{
	char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return crash__fail(CRASH_ENOMEM, "no memory for results");
	for (size_t i = 0; i < recording->incomplete_count; i++)
		if (strcmp(recording->incomplete[i], text) == 0) {
			free(text);
			return 0;
		}
	if (CRASH__ADD(recording, incomplete, text))
		return 0;
	free(text);
	return crash__fail(CRASH_ENOMEM, "no memory for results");
}

int crash__recording_save_tree(struct crash__recording *recording, int trace, const char *without,
			       uint64_t most)
{
	const struct crash__tree_source source = {crash__base_directory(recording->base), recording->root,
						  recording->directory, without};

	if (lseek(trace, 0, SEEK_END) < 0)
		return crash__fail_errno("the recording");
	return crash__tree_save_from(trace, &source, most, &recording->tree_saved);
}

void crash__recording_clear(struct crash__recording *recording)
{
	if (recording->has_fs)
		crash__fs_clear(&recording->fs);
	crash__base_close(recording->base);
	if (recording->has_trace)
		crash__trace_close(&recording->trace);
	if (recording->has_recorded)
		crash__recorded_clear(&recording->recorded);
	crash__scratch_remove(&recording->scratch);
	for (size_t i = 0; i < recording->incomplete_count; i++)
		free(recording->incomplete[i]);
	free(recording->incomplete);
}
