/* SPDX-License-Identifier: MIT */
#include "common/channel/channel.h"

#include <string.h>

#include "common/spec.h"

/* What follows a word and a space. */
static bool begins(const char *bytes, size_t count, const char *word, const char **rest)
{
	size_t length = strlen(word);

	*rest = bytes + length;
	return count >= length && memcmp(bytes, word, length) == 0;
}

static const char *judge_note(struct crash__line *line)
{
	const char *space = memchr(line->text, ' ', line->length);

	if (!space || space == line->text)
		return "a note has a key and a value";
	if (line->length > CRASH__NOTE_MOST || memchr(line->text, '\0', line->length))
		return "a note is text of at most 4096 bytes";
	line->value = space + 1;
	line->value_length = line->length - (size_t)(space + 1 - line->text);
	line->length = (size_t)(space - line->text);
	return NULL;
}

/* Without its newline. */
static const char *judge(const char *bytes, size_t count, struct crash__line *line)
{
	if (begins(bytes, count, "point ", &line->text)) {
		line->kind = CRASH__LINE_POINT;
		line->length = count - (size_t)(line->text - bytes);
		return crash__point_name_ok(line->text, line->length) ? NULL : "this is no name for a point";
	}
	if (begins(bytes, count, "ack ", &line->text)) {
		line->kind = CRASH__LINE_ACK;
		line->length = count - (size_t)(line->text - bytes) + 1;
		return NULL;
	}
	if (begins(bytes, count, "note ", &line->text)) {
		line->kind = CRASH__LINE_NOTE;
		line->length = count - (size_t)(line->text - bytes);
		return judge_note(line);
	}
	return "it begins with none of these words";
}

bool crash__channel_next(const char **at, size_t *left, struct crash__line *line)
{
	const char *end = memchr(*at, '\n', *left), *bytes = *at;
	size_t count = end ? (size_t)(end - bytes) : *left;

	if (!*left)
		return false;
	memset(line, 0, sizeof *line);
	line->complaint = end ? judge(bytes, count, line) : "it does not end with a newline";
	if (line->complaint) {
		line->kind = CRASH__LINE_WRONG;
		line->text = bytes;
		line->length = count;
	}
	*at += count + (end != NULL);
	*left -= count + (end != NULL);
	return true;
}

bool crash__channel_is_lines(const char *bytes, size_t count)
{
	struct crash__line line;
	size_t lines = 0;

	for (; crash__channel_next(&bytes, &count, &line); lines++)
		if (line.kind == CRASH__LINE_WRONG)
			return false;
	return lines > 0;
}

struct crash__named_point *crash__channel_point(struct crash__control *control,
						const struct crash__line *line)
{
	char name[CRASH__NAME];

	memcpy(name, line->text, line->length);
	name[line->length] = '\0';
	return crash__control_point(control, name, "", 0);
}

void crash__channel_cut(struct crash__control *control, uint64_t device, uint64_t inode, uint64_t size)
{
	if (size && crash__channel_is(control, device, inode))
		crash__control_incomplete(control, CRASH__INCOMPLETE_CHANNEL_LOST,
					  "a program cut its file, in which there were some");
}

void crash__channel_complain(struct crash__control *control, const struct crash__line *line)
{
	char detail[160];
	size_t length = line->length < 80 ? line->length : 80;
	char *end;

	memcpy(detail, line->text, length);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)detail[i] < ' ' || detail[i] == 0x7f)
			detail[i] = '?';
	end = detail + length;
	if (length < line->length)
		end = stpcpy(end, "...");
	strcpy(stpcpy(end, ": "), line->complaint);
	crash__control_incomplete(control, CRASH__INCOMPLETE_CHANNEL_LINE, detail);
}
