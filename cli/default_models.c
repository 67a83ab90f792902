/* SPDX-License-Identifier: MIT */
/*
 * Method. The mount that a directory is in has a number, which /proc/self/mountinfo begins its line with:
 * that is right for bind mounts and for subvolumes of Btrfs, too, which have device numbers of their own.
 */
#include "cli/default_models.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* What a file system has to be mounted with, or NULL; the first row that fits counts. */
static const struct {
	const char *kind, *option, *model;
} models[] = {
	{"ext4", "data=journal", "ext4-journal"},
	{"ext4", "data=writeback", "ext4-writeback"},
	{"ext4", "dioread_lock", "ext4-dioread-lock"},
	{"ext4", NULL, "ext4"},
	{"ext3", "data=journal", "posix"},
	{"ext3", "data=writeback", "ext3-writeback"},
	{"ext3", NULL, "ext3-ordered"},
	{"xfs", NULL, "xfs"},
	{"btrfs", NULL, "btrfs"},
	{"f2fs", NULL, "f2fs"},
};

/* Whether a list with commas has the word. */
static bool has_option(const char *options, const char *word)
{
	size_t length = strlen(word);

	while (*options) {
		size_t own = strcspn(options, ",");

		if (own == length && strncmp(options, word, own) == 0)
			return true;
		options += own + (options[own] == ',');
	}
	return false;
}

/* Before Linux 5.6 dioread_lock was what ext4 did when nobody asked, and is not listed there. */
static bool locks_reads_by_default(void)
{
	unsigned int major, minor;
	struct utsname system;

	return uname(&system) == 0 && sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 5 || (major == 5 && minor < 6));
}

const char *crash__model_of_file_system(const char *kind, const char *options)
{
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		if (strcmp(models[i].kind, kind) != 0 ||
		    (models[i].option && !has_option(options, models[i].option)))
			continue;
		if (strcmp(models[i].model, "ext4") == 0 && !has_option(options, "dioread_nolock") &&
		    locks_reads_by_default())
			return "ext4-dioread-lock";
		return models[i].model;
	}
	return "posix";
}

/* The number of the mount that a directory is in; 0: it is not known. */
static unsigned long long mount_of(const char *directory)
{
#ifdef STATX_MNT_ID
	struct statx status;

	if (statx(AT_FDCWD, directory, AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) == 0 &&
	    (status.stx_mask & STATX_MNT_ID))
		return status.stx_mnt_id;
#else
	(void)directory;
#endif
	return 0;
}

const char *crash__model_of_directory(const char *directory, char kind[32])
{
	unsigned long long wanted = mount_of(directory);
	FILE *list = wanted ? fopen("/proc/self/mountinfo", "re") : NULL;
	const char *model = "posix";
	char *line = NULL, options[512];
	size_t size = 0;

	*kind = '\0';
	while (list && getline(&line, &size, list) > 0) {
		/* fields of which there may be any number come before a lone hyphen */
		const char *rest = strstr(line, " - ");

		if (strtoull(line, NULL, 10) != wanted || !rest)
			continue;
		if (sscanf(rest, " - %31s %*s %511s", kind, options) == 2)
			model = crash__model_of_file_system(kind, options);
		break;
	}
	if (list)
		fclose(list);
	free(line);
	return model;
}
