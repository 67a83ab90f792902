/* SPDX-License-Identifier: MIT */
#include "witness/interfere.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"

#define MOST_AT_END 6

void crash__interfere_begin(struct crash__mood *mood, const struct crash__real_fs *fs, uint64_t *random)
{
	static const unsigned int odds[] = {0, 1, 4, 8};

	mood->fs = fs;
	mood->random = random;
	mood->odds = odds[crash__random_below(random, 4)];
}

/* A file that the program has now. */
static int open_file(struct crash__mood *mood, const struct crash__redo *redo)
{
	char name[PATH_MAX], path[2 * PATH_MAX];
	size_t count = 0;

	while (crash__redo_file(redo, count, name))
		count++;
	if (!count || !crash__redo_file(redo, crash__random_below(mood->random, count), name))
		return -1;
	snprintf(path, sizeof path, "%s/%s", mood->fs->data, name);
	return open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

/* Of all of a file, or from some page on to another. */
static void write_back(struct crash__mood *mood, const struct crash__redo *redo)
{
	int fd = open_file(mood, redo);
	uint64_t pages, from = 0, count = 0;
	struct stat status;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_size > CRASH__FS_BLOCK &&
	    crash__random_below(mood->random, 2)) {
		pages = ((uint64_t)status.st_size + CRASH__FS_BLOCK - 1) / CRASH__FS_BLOCK;
		from = crash__random_below(mood->random, pages);
		count = 1 + crash__random_below(mood->random, pages - from);
	}
	sync_file_range(fd, (off_t)(from * CRASH__FS_BLOCK), (off_t)(count * CRASH__FS_BLOCK),
			SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	close(fd);
}

static int something(struct crash__mood *mood, const struct crash__redo *redo)
{
	uint64_t what = crash__random_below(mood->random, 5);

	if (what < 3)
		write_back(mood, redo);
	else
		return crash__real_fs_commit(mood->fs, what == 3);
	return 0;
}

int crash__interfere(struct crash__mood *mood, const struct crash__redo *redo)
{
	return crash__random_below(mood->random, 16) < mood->odds ? something(mood, redo) : 0;
}

int crash__interfere_at_end(struct crash__mood *mood, const struct crash__redo *redo)
{
	uint64_t count = crash__random_below(mood->random, MOST_AT_END);
	int error = 0, top;

	for (uint64_t i = 0; i < count && error == 0; i++)
		error = something(mood, redo);
	if (error == 0 && crash__random_below(mood->random, 4) == 0) { /* somebody syncs everything */
		top = open(mood->fs->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (top < 0 || syncfs(top) < 0)
			error = crash__fail_errno("%s", mood->fs->mount);
		if (top >= 0)
			close(top);
	}
	return error;
}
