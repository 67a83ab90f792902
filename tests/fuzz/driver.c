/* SPDX-License-Identifier: MIT */
/*
 * driver.c - runs a fuzz target over its corpus, without libFuzzer: each file as it is, cut at every byte,
 * and changed a little in many ways, which are the same ways each time.
 *
 * The corpora are in the directory that CORPORA names; CORPUS is this target's.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>

#define LARGEST (1u << 20)
#define CHANGES 300

static uint8_t whole[LARGEST], changed[LARGEST];

static size_t read_input(const char *directory, const char *name)
{
	char path[8192];
	size_t size;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	file = fopen(path, "rb");
	CLAIM(file != NULL);
	size = fread(whole, 1, sizeof whole, file);
	fclose(file);
	return size;
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static void change(size_t size, uint64_t *state)
{
	memcpy(changed, whole, size);
	for (uint64_t left = 1 + next_random(state) % 4; size && left; left--)
		changed[next_random(state) % size] = next_random(state) % 2 ?
							     (uint8_t)next_random(state) :
							     whole[next_random(state) % size];
}

static void run_input(const char *directory, const char *name)
{
	size_t size = read_input(directory, name);
	uint64_t state = size;

	fprintf(stderr, "%s\n", name);
	for (size_t cut = 0; cut <= size; cut += 1 + cut / 1000)
		LLVMFuzzerTestOneInput(whole, cut);
	LLVMFuzzerTestOneInput(whole, size);
	for (int i = 0; i < CHANGES; i++) {
		change(size, &state);
		LLVMFuzzerTestOneInput(changed, size);
	}
}

int main(void)
{
	const char *corpora = getenv("CORPORA");
	char directory[4096];
	unsigned int count = 0;
	struct dirent *entry;
	DIR *list;

	CLAIM(corpora != NULL);
	snprintf(directory, sizeof directory, "%s/" CORPUS, corpora);
	list = opendir(directory);
	CLAIM(list != NULL);
	while ((entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		run_input(directory, entry->d_name);
		count++;
	}
	closedir(list);
	CLAIM(count > 5);
	printf("%u inputs of %s and what is like them\n", count, CORPUS);
	return 0;
}
