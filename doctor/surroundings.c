/* SPDX-License-Identifier: MIT */
#include "doctor/surroundings.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/rights.h"

/* The first line of a file; empty if it cannot be read. */
static void read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

	out[got < 0 ? 0 : got] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool is_filtered(void)
{
	FILE *stream = fopen("/proc/self/status", "re");
	char line[256];
	int mode = 0;

	while (stream && fgets(line, sizeof line, stream))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	if (stream)
		fclose(stream);
	return mode != 0;
}

/* In a chroot the list has what is mounted below, and nothing at "/" unless the chroot is a mount point. */
static bool in_chroot(void)
{
	FILE *stream = fopen("/proc/self/mountinfo", "re");
	bool found = false, any = false;
	char *line = NULL, path[16];
	size_t size = 0;

	while (stream && !found && getline(&line, &size, stream) > 0) {
		any = true;
		found = sscanf(line, "%*s %*s %*s %*s %15s", path) == 1 && strcmp(path, "/") == 0;
	}
	free(line);
	if (stream)
		fclose(stream);
	return any && !found;
}

void crash__surroundings_look(struct crash__surroundings *surroundings)
{
	char text[256];

	memset(surroundings, 0, sizeof *surroundings);
	surroundings->root = geteuid() == 0;
	surroundings->mounts = crash__may(CAP_SYS_ADMIN);
	surroundings->networks = crash__may(CAP_NET_ADMIN);
	surroundings->filtered = is_filtered();
	surroundings->chroot = in_chroot();
	read_line("/proc/version", text, sizeof text);
	surroundings->gvisor =
		strstr(text, "gVisor") || strstr(text, "4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016");
	surroundings->container = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
	read_line("/proc/self/attr/apparmor/current", surroundings->label, sizeof surroundings->label);
	surroundings->confined = surroundings->label[0] && strcmp(surroundings->label, "unconfined") != 0;
	read_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", text, sizeof text);
	surroundings->restricted = text[0] == '1';
}

void crash__surroundings_text(const struct crash__surroundings *surroundings, char *out, size_t size)
{
	struct utsname system;

	uname(&system);
	snprintf(out, size, "Linux %s%s, user %u%s%s%s%s%s%s%s", system.release,
		 surroundings->gvisor ? " (gVisor)" : "", (unsigned int)geteuid(),
		 surroundings->mounts ? "" : " without CAP_SYS_ADMIN",
		 surroundings->container ? ", in a container" : "",
		 surroundings->chroot ? ", in a chroot that is no mount point" : "",
		 surroundings->filtered ? ", under a seccomp filter" : "",
		 surroundings->confined ? ", under AppArmor's profile " : "",
		 surroundings->confined ? surroundings->label : "",
		 surroundings->restricted ? ", user namespaces restricted by AppArmor" : "");
}
