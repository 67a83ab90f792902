/* SPDX-License-Identifier: MIT */
/*
 * Method: a hash of the commit's number chooses two to four keys to put and, in every third
 * commit, one to delete. A value says which commit it is from, which of its changes it is, how
 * long it is, and goes on with letters that follow from all that:
 *
 *     17.2of4.203.kqhzwbd...
 *
 * so that a value of another commit, a shortened one and one with a wrong byte all differ from
 * what they should be. The length is in the value because a run chooses it by --value-bytes and
 * a checker does not know the run's options.
 */
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_SIZE = 64 };

/* A step of splitmix64: small numbers in, well-mixed bits out. */
static uint64_t mix(uint64_t number)
{
	number += 0x9e3779b97f4a7c15;
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
	number = (number ^ number >> 27) * 0x94d049bb133111eb;
	return number ^ number >> 31;
}

unsigned int workload_changes(uint64_t sequence, struct workload_change changes[WORKLOAD_CHANGES])
{
	uint64_t random = mix(sequence);
	unsigned int puts = 2 + (unsigned int)(random % 3);
	unsigned int count = puts + (sequence % 3 == 0);
	unsigned int key = (unsigned int)(random >> 8);
	unsigned int step = (unsigned int)(random >> 16) | 1; /* odd: visits every key once */
	unsigned int i;

	for (i = 0; i < count; i++) {
		changes[i].key = (key + i * step) % WORKLOAD_KEYS;
		changes[i].deletes = i >= puts;
	}
	return count;
}

void workload_key(unsigned int key, char name[WORKLOAD_KEY_SIZE + 1])
{
	name[0] = 'k';
	name[1] = (char)('0' + key / 10 % 10);
	name[2] = (char)('0' + key % 10);
	name[3] = '\0';
}

int workload_key_number(const void *name, size_t size)
{
	char candidate[WORKLOAD_KEY_SIZE + 1];
	int key;

	for (key = 0; key < WORKLOAD_KEYS && size == WORKLOAD_KEY_SIZE; key++) {
		workload_key((unsigned int)key, candidate);
		if (memcmp(candidate, name, size) == 0)
			return key;
	}
	return -1;
}

/* The whole value, `size` bytes long. */
static void append_value(struct bytes *value, uint64_t sequence, unsigned int part, unsigned int parts,
			 size_t size)
{
	size_t from = value->size;
	char head[HEAD_SIZE];
	uint64_t random = mix(sequence * WORKLOAD_CHANGES + part);
	char letter;

	snprintf(head, sizeof(head), "%" PRIu64 ".%uof%u.%zu.", sequence, part, parts, size);
	bytes_append(value, head, strlen(head) < size ? strlen(head) : size);
	while (value->size - from < size && !value->failed) {
		random = mix(random);
		letter = (char)('a' + random % 26);
		bytes_append(value, &letter, 1);
	}
}

void workload_fill(struct batch *batch, uint64_t sequence, unsigned int value_bytes)
{
	struct workload_change changes[WORKLOAD_CHANGES];
	unsigned int count = workload_changes(sequence, changes);
	char name[WORKLOAD_KEY_SIZE + 1];
	struct bytes value;
	unsigned int i;
	size_t size;

	for (i = 0; i < count; i++) {
		workload_key(changes[i].key, name);
		if (changes[i].deletes) {
			batch_delete(batch, name, WORKLOAD_KEY_SIZE);
			continue;
		}
		value = (struct bytes){0};
		size = value_bytes + mix(sequence ^ (uint64_t)i << 32) % (value_bytes + 1);
		append_value(&value, sequence, i + 1, count, size);
		if (value.failed)
			batch->bytes.failed = true;
		batch_put(batch, name, WORKLOAD_KEY_SIZE, value.data, value.size);
		bytes_clear(&value);
	}
}

bool workload_wrote(uint64_t sequence, unsigned int key, const void *value, size_t size)
{
	struct workload_change changes[WORKLOAD_CHANGES];
	unsigned int count = workload_changes(sequence, changes);
	struct bytes expected = {0};
	unsigned int i;
	bool same;

	for (i = 0; i < count && changes[i].key != key; i++)
		;
	if (i == count || changes[i].deletes)
		return false;
	append_value(&expected, sequence, i + 1, count, size);
	same = size > 0 && expected.size == size && memcmp(expected.data, value, size) == 0;
	bytes_clear(&expected);
	return same;
}

uint64_t workload_writer(const void *value, size_t size)
{
	const char *text = value;
	uint64_t sequence = 0;
	size_t i;

	for (i = 0; i < size && i < 19 && text[i] >= '0' && text[i] <= '9'; i++)
		sequence = sequence * 10 + (uint64_t)(text[i] - '0');
	return i > 0 && i < size && text[i] == '.' ? sequence : 0;
}
