/* SPDX-License-Identifier: MIT */
/*
 * slots THREADS OPS [turns] - threads write, each its own slots of 8 bytes in CRASH_DIR/data, one after the
 * other, and tell each slot on stdout when it is written. With "turns" only one thread at a time writes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fd, ops;
static bool turns;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *write_slots(void *argument)
{
	long number = (long)argument;

	for (int i = 0; i < ops; i++) {
		char text[16];
		long slot = number * ops + i;

		snprintf(text, sizeof text, "%07ld\n", slot);
		if (turns)
			pthread_mutex_lock(&turn);
		if (pwrite(fd, text, 8, slot * 8) != 8 || write(1, text, 8) != 8)
			_exit(9);
		if (turns)
			pthread_mutex_unlock(&turn);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const char *directory = getenv("CRASH_DIR");
	pthread_t threads[64];
	int count = argc > 2 ? atoi(argv[1]) : 0;

	if (argc < 3 || count > 64 || (directory && chdir(directory) < 0))
		return 64;
	ops = atoi(argv[2]);
	turns = argc > 3;
	fd = open("data", O_WRONLY | O_CREAT, 0644);
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, write_slots, (void *)i) != 0)
			return 9;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
