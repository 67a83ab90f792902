/* SPDX-License-Identifier: MIT */
/*
 * surroundings.h - what this process runs in, and the line that changes what is refused there.
 */
#ifndef CRASH_SURROUNDINGS_H
#define CRASH_SURROUNDINGS_H

#include <stdbool.h>

#include "doctor/trial.h"

struct crash__surroundings {
	bool root;	 /* user 0 */
	bool mounts;	 /* we may mount (CAP_SYS_ADMIN) */
	bool networks;	 /* we may set up networks (CAP_NET_ADMIN) */
	bool filtered;	 /* there is a seccomp filter */
	bool chroot;	 /* "/" is no mount point */
	bool gvisor;	 /* the kernel is gVisor's */
	bool container;	 /* Docker's or Podman's marks are there */
	bool confined;	 /* AppArmor has a profile for us */
	bool restricted; /* AppArmor takes all rights from user namespaces */
	char label[128]; /* that profile; empty: none */
};

void crash__surroundings_look(struct crash__surroundings *surroundings);

/** A sentence about them. */
void crash__surroundings_text(const struct crash__surroundings *surroundings, char *out, size_t size);

/**
 * The command, or the option of one, that changes a refusal.
 * @return false: none is known
 */
bool crash__remedy(const struct crash__surroundings *surroundings, const struct crash__trial *trial,
		   const struct crash__trial_result *result, char *out, size_t size);

#endif
