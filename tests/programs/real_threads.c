/* SPDX-License-Identifier: MIT */
/*
 * real_threads.c - eight threads, each with a file of its own, all with one.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 50 };

static int shared, log_fd;

static void *work(void *argument)
{
	long number = (long)argument;
	char name[32], other[32];
	char text[64] = "";
	int fd;

	snprintf(name, sizeof name, "own-%ld", number);
	snprintf(other, sizeof other, "done-%ld", number);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(text, sizeof text, "%2ld %4d\n", number, i);
		if (write(fd, text, 8) != 8 || pwrite(shared, text, 8, (number * ROUNDS + i) * 8) != 8 ||
		    write(log_fd, text, 8) != 8)
			abort();
		if (i % 10 == 0)
			fdatasync(fd);
	}
	fsync(fd);
	close(fd);
	rename(name, other);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	shared = open("shared", O_RDWR | O_CREAT, 0600);
	log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (long i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	close(shared);
	close(log_fd);
	return 0;
}
