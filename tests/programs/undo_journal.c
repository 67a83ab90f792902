/* SPDX-License-Identifier: MIT */
/*
 * undo_journal.c - writes over a page in place, with what was there in a journal, and acknowledges each
 * letter.
 *
 * The page is of two sectors, all of one letter. The journal's sync is needed for nothing but that a part of
 * the page may reach the disk and the journal may not: two ops that are lost, neither of which does any harm
 * alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 1024, LETTERS = 3 };

static void need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_file(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0644);

	need(fd >= 0, name);
	return fd;
}

static void put(int fd, char first, char letter)
{
	char bytes[PAGE + 1];

	memset(bytes, letter, sizeof bytes);
	bytes[0] = first;
	if (first == letter)
		need(pwrite(fd, bytes, PAGE, 0) == PAGE, "page");
	else
		need(pwrite(fd, bytes, PAGE + 1, 0) == PAGE + 1, "journal");
}

int main(void)
{
	int page = open_file("page"), journal = open_file("journal"), directory = open(".", O_RDONLY);

	put(journal, '0', 'a');
	put(page, 'a', 'a');
	sync();
	need(directory >= 0 && write(1, "a\n", 2) == 2, "acknowledge");
	for (char letter = 'b'; letter < 'a' + LETTERS; letter++) {
		char line[2] = {letter, '\n'};

		put(journal, '1', (char)(letter - 1));
		need(fdatasync(journal) == 0, "fdatasync");
		put(page, letter, letter);
		need(fsync(page) == 0, "fsync");
		need(pwrite(journal, "0", 1, 0) == 1 && fsync(journal) == 0, "end of the journal");
		need(write(1, line, 2) == 2, "acknowledge");
	}
	return 0;
}
