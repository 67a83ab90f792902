/* SPDX-License-Identifier: MIT */
/*
 * bench_states [OPS [SETS]] - how many candidate sets are enumerated and hashed a second, on one core.
 *
 * A recording of OPS ops (1000) is made in memory: files that grow, are overwritten, replaced by rename and
 * sometimes synced. At each point each atom that is not durable is lost alone, kept alone, and lost with each
 * other one, until SETS (2000000) sets were hashed; the points are spread over the recording. Then of 20
 * times as many changes of the mode and the attributes of one file each is lost when it has just been done;
 * and of twice that.
 */
#include <crashinject/crashinject.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "explore/atoms/atom_set.h"
#include "explore/atoms/make_atoms.h"
#include "explore/fs/fs_replay.h"
#include "explore/states/view.h"
#include "explore/states/view_new.h"

#define FILES 12
#define MOST_BYTES 6000
#define MOST_CHANGES 40 /* for each op of the other recording */

static struct crash__event *events;
static struct crash__piece *pieces;
static struct crash__trace_file files[1 + FILES * 64];
static uint32_t file_count = 1;
static size_t ops;
static unsigned char bytes[MOST_BYTES];

static struct {
	uint32_t file; /* 0: there is none */
	uint64_t size;
} now[FILES];

static uint64_t next(uint64_t most)
{
	static uint64_t state = 1;
	uint64_t x = state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31) % most;
}

static struct crash__event *event(enum crash__family family, enum crash__call call)
{
	struct crash__event *made = &events[ops];

	made->kind = CRASH__EVENT_OP;
	made->start = 2 * (uint64_t)ops + 1;
	made->end = made->start + 1;
	made->family = (uint16_t)family;
	made->call = made->kernel = (uint16_t)call;
	made->offset = UINT64_MAX;
	ops++;
	return made;
}

static const char *path(const char *kind, size_t number)
{
	char *text;

	if (asprintf(&text, "/r/%s%zu", kind, number) < 0)
		err(1, NULL);
	return text;
}

static void make_file(size_t number, const char *kind)
{
	struct crash__event *made = event(CRASH__FAMILY_OPEN, CRASH__CALL_openat);

	made->path = path(kind, number);
	made->args[2] = O_CREAT;
	made->made_device = 1;
	made->made_inode = 100 + file_count;
	made->made_mode = S_IFREG | 0644;
	files[file_count] = (struct crash__trace_file){
		.device = 1, .inode = made->made_inode, .mode = made->made_mode, .path = made->path};
	now[number].file = file_count++;
	now[number].size = 0;
}

static void write_file(size_t number, uint64_t offset, uint64_t count)
{
	struct crash__event *made = event(CRASH__FAMILY_WRITE, CRASH__CALL_pwrite64);
	struct crash__piece *piece = &pieces[ops];

	*piece = (struct crash__piece){.bytes = bytes, .count = count};
	made->file = now[number].file;
	made->data = made->last = piece;
	made->data_bytes = count;
	made->offset = offset;
	made->result = (int64_t)count;
	if (offset + count > now[number].size)
		now[number].size = offset + count;
}

static void do_something(void)
{
	size_t number = next(FILES);
	uint64_t what = next(100);

	if (!now[number].file) {
		make_file(number, "file");
	} else if (what < 4 && file_count < sizeof files / sizeof *files) {
		struct crash__event *made;

		make_file(number, "new");
		write_file(number, 0, 1 + next(MOST_BYTES));
		made = event(CRASH__FAMILY_RENAME, CRASH__CALL_rename);
		made->path = path("new", number);
		made->to = path("file", number);
	} else if (what < 12) {
		event(CRASH__FAMILY_FSYNC, CRASH__CALL_fsync)->file = now[number].file;
	} else if (what < 40 && now[number].size > 200) {
		write_file(number, next(now[number].size - 100), 100);
	} else {
		write_file(number, now[number].size, 1 + next(next(4) ? 300 : MOST_BYTES));
	}
}

/* ------------------------------------------------------------------ measuring */

static double seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void check(int error)
{
	if (error < 0)
		errx(1, "%s", crash_error_detail());
}

struct bench {
	struct crash__view *view;
	struct crash__set set;
	uint64_t sum; /* so that nothing is left out */
	size_t sets, most, flipped;
};

static void hash(struct bench *bench)
{
	struct crash__hash hash;

	crash__set_sort(&bench->set);
	check(crash__view_hash_flipped(bench->view, bench->set.list, bench->set.list_count, &hash));
	bench->sum += hash.low;
	bench->sets++;
	bench->flipped += bench->set.list_count;
}

static void at_point(struct bench *bench, const crash__atom_id *open, size_t count, int64_t step, size_t most)
{
	for (size_t i = 0; i < count && most; i++) {
		for (int keep = 0; keep < 2 && most; keep++, most--) {
			crash__set_begin(&bench->set, step);
			check(keep ? crash__set_keep(&bench->set, open[i]) :
				     crash__set_omit(&bench->set, open[i]));
			hash(bench);
		}
		for (size_t j = i + 1; j < count && most; j++, most--) {
			crash__set_begin(&bench->set, step);
			check(crash__set_omit(&bench->set, open[i]));
			check(crash__set_omit(&bench->set, open[j]));
			hash(bench);
		}
	}
}

static void measure(const struct crash__fs *fs, const char *name, size_t most)
{
	struct crash__model model;
	struct crash__atoms atoms;
	struct bench bench = {.most = most};
	size_t points = 0;
	crash__atom_id *open;
	double begun, made;

	check(crash__model_read(name, &model));
	begun = seconds();
	check(crash__atoms_make(&atoms, fs, &model));
	made = seconds() - begun;
	open = calloc(atoms.list_count + 1, sizeof *open);
	check(crash__view_new(&atoms, CRASH__EVERYTHING, &bench.view));
	check(crash__set_init(&bench.set, &atoms));
	begun = seconds();
	for (int64_t step = 0; step < (int64_t)fs->steps_count; step++) {
		size_t count = 0;

		check(crash__view_advance(bench.view, step));
		for (crash__atom_id id = 0; id < atoms.first[step + 1]; id++)
			if (crash__atom_is_open(&atoms.list[id], step))
				open[count++] = id;
		at_point(&bench, open, count, step, most / fs->steps_count);
		points++;
	}
	begun = seconds() - begun;
	printf("%-16s %6zu atoms in %5.2f ms %8zu sets of %5.1f at %zu points in %5.2f s %8.0f a second\n",
	       name, atoms.list_count, made * 1e3, bench.sets, (double)bench.flipped / (double)bench.sets,
	       points, begun, (double)bench.sets / begun);
	crash__set_clear(&bench.set);
	crash__view_free(bench.view);
	crash__atoms_clear(&atoms);
	free(open);
}

static void change_file(size_t number, size_t count)
{
	make_file(number, "changed");
	for (size_t i = 0; i < count; i++) {
		bool mode = i % 2;
		struct crash__event *made =
			event(CRASH__FAMILY_ATTR, mode ? CRASH__CALL_fchmod : CRASH__CALL_fsetxattr);

		made->file = now[number].file;
		made->args[1] = i % 4 == 1 ? 0600 : 0644;
		if (mode)
			continue;
		pieces[ops] = (struct crash__piece){.bytes = bytes, .count = 5};
		made->args[3] = 5;
		made->text = i % 4 ? "user.a" : "user.b";
		made->data = made->last = &pieces[ops];
		made->data_bytes = 5;
	}
}

/* What it takes to lose each op of a recording when it has just been done, in seconds. */
static double lose_each(const struct crash__fs *fs, enum crash__reference reference)
{
	struct crash__model model;
	struct crash__atoms atoms;
	struct crash__view *view;
	struct crash__hash hash;
	double begun;

	check(crash__model_read("ext4", &model));
	check(crash__atoms_make(&atoms, fs, &model));
	check(crash__view_new(&atoms, reference, &view));
	begun = seconds();
	for (int64_t step = 0; step < (int64_t)fs->steps_count; step++) {
		crash__atom_id last = atoms.first[step + 1] - 1;

		check(crash__view_advance(view, step));
		if (reference == CRASH__EVERYTHING)
			check(crash__view_hash_flipped(view, &last, 1, &hash));
	}
	begun = seconds() - begun;
	crash__view_free(view);
	crash__atoms_clear(&atoms);
	return begun;
}

/* How that grows with the changes of one file. */
static void measure_changes(struct crash__trace *trace, struct crash__base *base, size_t count)
{
	double spent[2][2];

	for (size_t twice = 0; twice < 2; twice++) {
		struct crash__fs fs;

		ops = 0;
		file_count = 1;
		change_file(0, count << twice);
		trace->count = ops;
		trace->file_count = file_count;
		check(crash__fs_replay(&fs, trace, "/r", base));
		if (fs.unknown)
			errx(1, "unknown: %s", fs.unknown_detail);
		spent[0][twice] = lose_each(&fs, CRASH__EVERYTHING);
		spent[1][twice] = lose_each(&fs, CRASH__DURABLE);
		crash__fs_clear(&fs);
	}
	printf("changes of one file: %zu lost one by one in %.3f s, twice as many in %.1f times that; kept "
	       "in "
	       "%.3f s, twice as many in %.1f times that\n",
	       count, spent[0][0], spent[0][1] / spent[0][0], spent[1][0], spent[1][1] / spent[1][0]);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"posix", "ext4", "btrfs", "ext4-writeback"};
	size_t wanted = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000,
	       most = argc > 2 ? strtoul(argv[2], NULL, 0) : 2000000;
	char directory[] = "/tmp/crashinject-bench-XXXXXX";
	struct crash__trace trace = {.files = files};
	struct crash__base *base;
	struct crash__fs fs;
	double begun;

	events = calloc(wanted * MOST_CHANGES + 4, sizeof *events);
	pieces = calloc(wanted * MOST_CHANGES + 8, sizeof *pieces);
	if (!events || !pieces || !mkdtemp(directory))
		err(1, NULL);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)next(256);
	while (ops < wanted)
		do_something();
	trace.events = events;
	trace.count = ops;
	trace.file_count = file_count;
	check(crash__base_open(directory, &base));
	begun = seconds();
	check(crash__fs_replay(&fs, &trace, "/r", base));
	printf("%zu ops replayed in %.2f ms\n", ops, (seconds() - begun) * 1e3);
	if (fs.unknown)
		errx(1, "unknown: %s", fs.unknown_detail);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		measure(&fs, names[i], most);
	crash__fs_clear(&fs);
	memset(events, 0, ops * sizeof *events);
	measure_changes(&trace, base, wanted * MOST_CHANGES / 2);
	crash__base_close(base);
	rmdir(directory);
	return 0;
}
