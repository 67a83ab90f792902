/* SPDX-License-Identifier: MIT */
/*
 * remedy.c - the line that changes a refusal.
 *
 * Method. A table, in which the first row that fits is taken. A row fits a set of trials; a setting of the
 * kernel that has one value, or a condition on the surroundings. %s is where the profiles are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beside.h"
#include "doctor/surroundings.h"

#define DOCKER "docker run --security-opt "

/* Any of the words, in blanks, is the trial's name. */
static bool names(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static bool in_gvisor(const struct crash__surroundings *at)
{
	return at->gvisor;
}

static bool in_chroot(const struct crash__surroundings *at)
{
	return at->chroot && !at->root;
}

static bool is_restricted(const struct crash__surroundings *at)
{
	return at->restricted && !at->mounts && !at->confined;
}

static bool is_confined(const struct crash__surroundings *at)
{
	return at->confined && !at->filtered;
}

static bool is_filtered_and_confined(const struct crash__surroundings *at)
{
	return at->confined && at->filtered;
}

static bool is_filtered(const struct crash__surroundings *at)
{
	return at->filtered;
}

static bool is_root_without_rights(const struct crash__surroundings *at)
{
	return at->root && !at->mounts;
}

/* With the one right there is no user namespace, which has the other. */
static bool lacks_networks(const struct crash__surroundings *at)
{
	return at->mounts && !at->networks;
}

static bool is_not_root(const struct crash__surroundings *at)
{
	return !at->root;
}

static bool in_container(const struct crash__surroundings *at)
{
	return at->container;
}

static bool anywhere(const struct crash__surroundings *at)
{
	(void)at;
	return true;
}

#define NAMESPACES "user-namespace mount-namespace pid-namespace bind-mount overlay network-namespace"
#define LOOKING "look-into-process take-descriptor"

static const struct {
	const char *trials;
	const char *setting; /* below /proc/sys; with the value that refuses */
	char refusing;
	bool (*holds)(const struct crash__surroundings *at);
	const char *line;
} remedies[] = {
	{NAMESPACES " crash seccomp-notification page-tracking " LOOKING, NULL, 0, in_gvisor,
	 "docker run --runtime=runc ..."},
	{"user-namespace mount-namespace", "user/max_user_namespaces", '0', NULL,
	 "sysctl -w user.max_user_namespaces=15000"},
	{"user-namespace mount-namespace", "kernel/unprivileged_userns_clone", '0', NULL,
	 "sysctl -w kernel.unprivileged_userns_clone=1"},
	{NAMESPACES, NULL, 0, is_restricted,
	 "cp %s/apparmor-crashinject /etc/apparmor.d/crashinject && apparmor_parser -r "
	 "/etc/apparmor.d/crashinject"},
	{LOOKING, "kernel/yama/ptrace_scope", '2', NULL, "sysctl -w kernel.yama.ptrace_scope=1"},
	{LOOKING, "kernel/yama/ptrace_scope", '3', NULL,
	 "echo kernel.yama.ptrace_scope=1 >/etc/sysctl.d/60-ptrace.conf && reboot"},
	{"memory-file memory-program", "vm/memfd_noexec", '2', NULL, "sysctl -w vm.memfd_noexec=1"},
	{NAMESPACES, NULL, 0, in_chroot,
	 "run it as root, or enter the directory with bwrap --bind DIRECTORY / instead of chroot"},
	{"network-namespace", NULL, 0, lacks_networks, "docker run --cap-add NET_ADMIN ..."},
	{NAMESPACES, NULL, 0, is_filtered_and_confined,
	 DOCKER "seccomp=%s/seccomp.json --security-opt apparmor=crashinject-container --security-opt "
		"systempaths=unconfined ..."},
	{NAMESPACES, NULL, 0, is_confined,
	 DOCKER "apparmor=crashinject-container --security-opt systempaths=unconfined ..."},
	{"pid-namespace bind-mount overlay", NULL, 0, is_filtered,
	 DOCKER "seccomp=%s/seccomp.json --security-opt systempaths=unconfined ..."},
	{NAMESPACES " seccomp-notification page-tracking " LOOKING, NULL, 0, is_filtered,
	 DOCKER "seccomp=%s/seccomp.json ..."},
	{NAMESPACES, NULL, 0, is_root_without_rights, "docker run --cap-add SYS_ADMIN ..."},
	{"shared-memory", NULL, 0, in_container, "docker run --shm-size=256m ..."},
	{"shared-memory", NULL, 0, anywhere, "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"},
	{"crash", NULL, 0, anywhere, "export CRASHINJECT_PRELOAD=/path/to/libcrashinject-preload.so"},
	{"root fuse loop-device kvm", NULL, 0, is_not_root, "sudo crashinject witness ..."},
	{"fuse loop-device kvm", NULL, 0, in_container,
	 "docker run --cap-add SYS_ADMIN --device /dev/fuse --device /dev/loop-control --device /dev/kvm "
	 "..."},
	{"fuse", NULL, 0, anywhere, "modprobe fuse"},
	{"loop-device", NULL, 0, anywhere, "modprobe loop"},
	{"kvm", NULL, 0, anywhere, "modprobe -a kvm_intel kvm_amd"},
	{"mkfs", NULL, 0, anywhere, "apt-get install e2fsprogs xfsprogs btrfs-progs"},
};

static bool is_set(const char *setting, char value)
{
	char path[128], is = '\0';
	int fd;

	snprintf(path, sizeof path, "/proc/sys/%s", setting);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &is, 1) != 1)
		is = '\0';
	if (fd >= 0)
		close(fd);
	return is == value;
}

/* Beside the models, wherever those are. */
static const char *profiles_directory(void)
{
	static char path[PATH_MAX];

	return crash__beside("/proc/self/exe", "../share/crashinject", path) ? path : PKGDATADIR;
}

bool crash__remedy(const struct crash__surroundings *surroundings, const struct crash__trial *trial,
		   const struct crash__trial_result *result, char *out, size_t size)
{
	if (result->works || result->unneeded)
		return false;
	for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++) {
		const char *place = strstr(remedies[i].line, "%s");

		if (!names(remedies[i].trials, trial->name) ||
		    !(remedies[i].setting ? is_set(remedies[i].setting, remedies[i].refusing) :
					    remedies[i].holds(surroundings)))
			continue;
		if (place)
			snprintf(out, size, "%.*s%s%s", (int)(place - remedies[i].line), remedies[i].line,
				 profiles_directory(), place + 2);
		else
			snprintf(out, size, "%s", remedies[i].line);
		return true;
	}
	return false;
}
