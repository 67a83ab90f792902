/* SPDX-License-Identifier: MIT */
#include "explore/checkers/opened_files.h"

#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* To watch more of them would take longer than most checks do. */
#define MOST_DIRECTORIES 8192

/* ------------------------------------------------------------------ what is watched */

/* Watches are numbered from 1 on; a directory that is met twice has one. */
static bool note_directory(struct crash__opened_files *opened, int watch, const char *path)
{
	char *copy;

	while (opened->directories_count <= (size_t)watch)
		if (!CRASH__ADD(opened, directories, NULL))
			return false;
	if (opened->directories[watch])
		return true;
	copy = strdup(path);
	opened->directories[watch] = copy;
	return copy;
}

static bool watch_directory(struct crash__opened_files *opened, const char *path, const char *below)
{
	int watch = opened->directories_count > MOST_DIRECTORIES ?
			    -1 :
			    inotify_add_watch(opened->events, path, IN_OPEN | IN_CREATE | IN_ONLYDIR);
	bool noted = watch >= 0 && note_directory(opened, watch, below);

	/* that we list directories is an event, too, and there is no room for many */
	crash__opened_files_take(opened, NULL, NULL);
	return noted;
}

static bool watch_all(struct crash__opened_files *opened, const char *directory)
{
	char *paths[] = {(char *)(uintptr_t)directory, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	size_t length = strlen(directory);
	bool good = walk;
	FTSENT *entry;

	while (good && (entry = fts_read(walk))) {
		const char *below = entry->fts_path + length;

		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			good = false;
		else if (entry->fts_info == FTS_D)
			good = watch_directory(opened, entry->fts_path, below + (*below == '/'));
	}
	if (walk)
		fts_close(walk);
	crash__opened_files_take(opened, NULL, NULL);
	return good;
}

void crash__opened_files_begin(struct crash__opened_files *opened, const char *directory)
{
	*opened = (struct crash__opened_files){.events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
	opened->whole = opened->events >= 0 && watch_all(opened, directory);
}

/* ------------------------------------------------------------------ what happens to it */

static bool was_made(const struct crash__opened_files *opened, const struct inotify_event *event)
{
	for (size_t i = 0; i < opened->made_count; i++)
		if (opened->made[i].directory == event->wd && strcmp(opened->made[i].name, event->name) == 0)
			return true;
	return false;
}

static void note_made(struct crash__opened_files *opened, const struct inotify_event *event)
{
	char *name = strdup(event->name);

	if (name && !CRASH__ADD(opened, made, (struct crash__made_file){event->wd, name}))
		free(name);
}

static void take_event(struct crash__opened_files *opened, const struct inotify_event *event,
		       void (*file)(void *context, const char *path), void *context)
{
	const char *directory = event->wd >= 0 && (size_t)event->wd < opened->directories_count ?
					opened->directories[event->wd] :
					NULL;
	char path[PATH_MAX];

	if (event->mask & IN_Q_OVERFLOW)
		opened->whole = false;
	if (!directory || !event->len || (event->mask & IN_ISDIR))
		return;
	if (event->mask & IN_CREATE) {
		note_made(opened, event);
		return;
	}
	if (!(event->mask & IN_OPEN) || !file || was_made(opened, event))
		return;
	snprintf(path, sizeof path, "%.2000s%s%.2000s", directory, *directory ? "/" : "", event->name);
	file(context, path);
}

void crash__opened_files_take(struct crash__opened_files *opened,
			      void (*file)(void *context, const char *path), void *context)
{
	_Alignas(struct inotify_event) char buffer[16384];
	ssize_t got;

	if (opened->events < 0)
		return;
	while ((got = read(opened->events, buffer, sizeof buffer)) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event = (const void *)(buffer + at);

			take_event(opened, event, file, context);
			at += (ssize_t)(sizeof *event + event->len);
		}
}

bool crash__opened_files_end(struct crash__opened_files *opened)
{
	bool whole = opened->whole;

	if (opened->events >= 0)
		close(opened->events);
	for (size_t i = 0; i < opened->directories_count; i++)
		free(opened->directories[i]);
	for (size_t i = 0; i < opened->made_count; i++)
		free(opened->made[i].name);
	free(opened->directories);
	free(opened->made);
	*opened = (struct crash__opened_files){.events = -1};
	return whole;
}
