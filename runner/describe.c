/* SPDX-License-Identifier: MIT */
#include "runner/describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "symbols/symbols.h"

static const char *unchanged(const char *path)
{
	return path;
}

static void describe_frames(FILE *stream, const struct crash_out *out, const char *(*shown)(const char *))
{
	for (size_t i = 0; i < out->frames; i++) {
		const struct crash_frame *frame = &out->backtrace[i];

		fprintf(stream, "  #%-2zu ", i);
		crash__frame_print(stream, frame);
		if (frame->file)
			fprintf(stream, "  %s:%u", shown(frame->file), frame->line);
		else if (frame->object)
			fprintf(stream, "  in %s", shown(frame->object));
		fputc('\n', stream);
	}
	if (!out->backtrace_complete)
		fputs("  (the backtrace ends here: the caller could not be determined)\n", stream);
}

static void describe_crash(FILE *stream, const struct crash_out *out, const char *(*shown)(const char *))
{
	fprintf(stream, "killed at %s", out->point);
	if (out->call)
		fprintf(stream, " (%s)", out->call);
	if (out->file)
		fprintf(stream, " %s %s", out->call ? "on" : "in", shown(out->file));
	if (out->to)
		fprintf(stream, " to %s", shown(out->to));
	if (out->offset >= 0)
		fprintf(stream, ", offset %lld", (long long)out->offset);
	if (out->bytes >= 0)
		fprintf(stream, ", %lld bytes, %lld of them written", (long long)out->bytes,
			(long long)(out->written < 0 ? 0 : out->written));
	fprintf(stream, "\n  rule %s, process %u\n", shown(out->rule), out->pid);
	describe_frames(stream, out, shown);
}

static void describe_ending(FILE *stream, const struct crash_out *out)
{
	if (out->timed_out)
		fputs("the program timed out", stream);
	else if (out->signal)
		fprintf(stream, "the program was killed by signal %d (%s), which crashinject did not send",
			out->signal, strsignal(out->signal));
	else
		fprintf(stream, "the program exited with %d", out->exit_code);
}

void crash__describe(FILE *stream, const struct crash_out *out, const char *(*shown)(const char *))
{
	if (!shown)
		shown = unchanged;
	if (out->killed) {
		describe_crash(stream, out, shown);
		return;
	}
	for (char **rule = out->unreached; rule && *rule; rule++)
		fprintf(stream, "%s was not reached; ", shown(*rule));
	describe_ending(stream, out);
	if (out->unreached && out->unreached[0])
		fprintf(stream, "\n  it passed %s", out->passed);
	fputc('\n', stream);
}

static void describe_output(FILE *stream, const char *name, const char *data, size_t length)
{
	if (!data || length == 0)
		return;
	fprintf(stream, "its %s:\n", name);
	fwrite(data, 1, length, stream);
	if (data[length - 1] != '\n')
		fputc('\n', stream);
}

char *crash_out_describe(const struct crash_out *out)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	crash__describe(stream, out, NULL);
	for (char **line = out->log; line && *line; line++)
		fprintf(stream, "%s\n", *line);
	for (char **reason = out->incomplete_reasons; reason && *reason; reason++)
		fprintf(stream, "incomplete: %s\n", *reason);
	describe_output(stream, "stdout", out->stdout_data, out->stdout_len);
	describe_output(stream, "stderr", out->stderr_data, out->stderr_len);
	fclose(stream);
	return text;
}
