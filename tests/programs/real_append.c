/* SPDX-License-Identifier: MIT */
/*
 * real_append.c - four processes append records of one size to one file at once, and then it is
 * looked at: every record is there once, and whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, RECORDS = 200, SIZE = 60 };

static void append(int process)
{
	int fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	char record[SIZE];

	for (int i = 0; i < RECORDS; i++) {
		memset(record, 'a' + process, sizeof record);
		snprintf(record, sizeof record, "%d %4d", process, i);
		record[SIZE - 1] = '\n';
		if (write(fd, record, sizeof record) != (ssize_t)sizeof record)
			abort();
	}
	close(fd);
}

int main(void)
{
	int counts[PROCESSES][RECORDS] = {{0}}, process, number, wrong = 0, total = 0;
	char record[SIZE];
	FILE *file;

	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			append(i);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	file = fopen("log", "r");
	while (file && fread(record, sizeof record, 1, file) == 1) {
		if (sscanf(record, "%d %d", &process, &number) != 2 || process < 0 || process >= PROCESSES ||
		    number < 0 || number >= RECORDS || record[SIZE - 1] != '\n' ||
		    record[SIZE - 2] != 'a' + process)
			wrong++;
		else
			counts[process][number]++;
		total++;
	}
	for (int i = 0; i < PROCESSES; i++)
		for (int j = 0; j < RECORDS; j++)
			wrong += counts[i][j] != 1;
	printf("%d records, %d wrong\n", total, wrong);
	return wrong != 0;
}
