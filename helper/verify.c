/* SPDX-License-Identifier: MIT */
/*
 * Method: which commit wrote a key last, or deleted it, follows from the number of commits in the
 * store, because workload.h makes a commit a function of its number. So the one right content is
 * known, and every difference from it has a name: the key has another commit's value, or none, or
 * should have none. A commit is either in the number and visible in all its keys, or the store is
 * inconsistent.
 *
 * That compares the store with itself: one that lost its last ten commits, whole, is consistent.
 * The acknowledgements say how many it must have, and repeat the values, so that they also tell
 * whether the workload is what this program thinks it is.
 */
#include "verify.h"

#include "workload.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/** The last change of each key; `sequence` 0 if there was none. */
struct history {
	uint64_t sequence[WORKLOAD_KEYS];
	bool deleted[WORKLOAD_KEYS];
	bool seen[WORKLOAD_KEYS]; /* the store has the key */
	uint64_t length;	  /* commits in the store */
	struct reason *why;
};

static void read_history(struct history *history, uint64_t length)
{
	struct workload_change changes[WORKLOAD_CHANGES];
	unsigned int count, i;
	uint64_t sequence;

	history->length = length;
	for (sequence = 1; sequence <= length; sequence++) {
		count = workload_changes(sequence, changes);
		for (i = 0; i < count; i++) {
			history->sequence[changes[i].key] = sequence;
			history->deleted[changes[i].key] = changes[i].deletes;
		}
	}
}

static int wrong_value(const struct history *history, unsigned int key, const struct map_entry *is)
{
	uint64_t from = workload_writer(is->value, is->value_size);
	uint64_t last = history->sequence[key];
	char name[WORKLOAD_KEY_SIZE + 1];

	workload_key(key, name);
	if (from == last || from == 0 || !workload_wrote(from, key, is->value, is->value_size))
		return reason_set(history->why, -EUCLEAN,
				  "%s should have commit %" PRIu64 "'s value and has %zu bytes "
				  "that no commit wrote",
				  name, last, is->value_size);
	return reason_set(history->why, -EUCLEAN,
			  "commit %" PRIu64 " is not whole: %s has commit %" PRIu64
			  "'s value, in a store of %" PRIu64 " commits",
			  last, name, from, history->length);
}

static int check_entry(void *context, const struct map_entry *entry)
{
	struct history *history = context;
	int key = workload_key_number(entry->key, entry->key_size);

	if (key < 0)
		return reason_set(history->why, -EUCLEAN, "there is a key that no commit wrote");
	history->seen[key] = true;
	if (history->sequence[key] == 0)
		return reason_set(history->why, -EUCLEAN,
				  "k%02d is there and none of %" PRIu64 " commits wrote it", key,
				  history->length);
	if (history->deleted[key])
		return reason_set(history->why, -EUCLEAN,
				  "commit %" PRIu64 " is not whole: it deletes k%02d, which is "
				  "there",
				  history->sequence[key], key);
	if (workload_wrote(history->sequence[key], (unsigned int)key, entry->value, entry->value_size))
		return 0;
	return wrong_value(history, (unsigned int)key, entry);
}

int verify_store(struct store *store, struct reason *why)
{
	struct history history = {.why = why};
	int error, key;

	read_history(&history, store_sequence(store));
	error = store_each(store, check_entry, &history);
	for (key = 0; key < WORKLOAD_KEYS && !error; key++) {
		if (history.sequence[key] && !history.deleted[key] && !history.seen[key])
			error = reason_set(why, -EUCLEAN,
					   "commit %" PRIu64 " is not whole: k%02d, which it "
					   "wrote, is missing in a store of %" PRIu64 " commits",
					   history.sequence[key], key, history.length);
	}
	return error;
}

/** A line being read. */
struct cursor {
	const char *at;
	const char *end;
};

static bool take_number(struct cursor *line, uint64_t *number)
{
	const char *from = line->at;

	for (*number = 0; line->at < line->end && *line->at >= '0' && *line->at <= '9'; line->at++)
		*number = *number * 10 + (uint64_t)(*line->at - '0');
	return line->at > from && line->at - from < 20;
}

/* Moves behind the next `stop`, or to the end. @return the length before it */
static size_t take_until(struct cursor *line, char stop)
{
	const char *from = line->at;
	const char *found = memchr(from, stop, (size_t)(line->end - from));
	size_t length = (size_t)((found ? found : line->end) - from);

	line->at = found ? found + 1 : line->end;
	return length;
}

/* One ` key=value` of commit `sequence`; an empty value is a delete. */
static int check_pair(struct store *store, const struct history *history, uint64_t sequence,
		      struct cursor pair)
{
	const char *name = pair.at;
	int key = workload_key_number(name, take_until(&pair, '='));
	size_t size = (size_t)(pair.end - pair.at);
	struct bytes value = {0};
	bool same;

	if (key < 0 || pair.at == name + WORKLOAD_KEY_SIZE)
		return -EINVAL;
	/* A later commit changed it, or the commit is lost, which is for others to say. */
	if (history->sequence[key] != sequence)
		return 0;
	if (store_get(store, name, WORKLOAD_KEY_SIZE, &value) == -ENOMEM)
		return -ENOMEM;
	same = value.size == size && (size == 0 || memcmp(value.data, pair.at, size) == 0);
	bytes_clear(&value);
	return same ? 0 :
		      reason_set(history->why, -EUCLEAN,
				 "commit %" PRIu64 " acknowledged another value of k%02d than the "
				 "one that is there",
				 sequence, key);
}

/* What follows `ack `. */
static int check_ack(struct store *store, const struct history *history, struct cursor line,
		     uint64_t *sequence)
{
	struct cursor pair;
	int error = 0;

	if (!take_number(&line, sequence) || *sequence == 0 || take_until(&line, ' ') != 0 ||
	    line.at == line.end)
		return -EINVAL;
	while (line.at < line.end && !error) {
		pair.at = line.at;
		pair.end = pair.at + take_until(&line, ' ');
		error = check_pair(store, history, *sequence, pair);
	}
	return error;
}

int verify_acks(struct store *store, const struct bytes *acks, struct reason *why)
{
	struct history history = {.why = why};
	struct cursor text = {(const char *)acks->data, NULL};
	struct cursor line;
	uint64_t sequence, lost = 0, lost_count = 0;
	unsigned int number;
	int error = 0;

	if (acks->size == 0)
		return 0;
	text.end = text.at + acks->size;
	read_history(&history, store_sequence(store));
	for (number = 1; text.at < text.end && !error; number++) {
		line.at = text.at;
		line.end = line.at + take_until(&text, '\n');
		if (line.end == text.end)
			break;
		if (line.end - line.at < 4 || memcmp(line.at, "ack ", 4) != 0)
			continue;
		line.at += 4;
		error = check_ack(store, &history, line, &sequence);
		if (error == -EINVAL)
			reason_set(why, error, "line %u is not a whole acknowledgement", number);
		if (!error && sequence > history.length) {
			lost = lost == 0 || sequence < lost ? sequence : lost;
			lost_count++;
		}
	}
	if (error || lost == 0)
		return error;
	return reason_set(why, -ENODATA,
			  "%" PRIu64 " acknowledged commits are lost, the first is commit %" PRIu64
			  "; the store ends with commit %" PRIu64,
			  lost_count, lost, history.length);
}
