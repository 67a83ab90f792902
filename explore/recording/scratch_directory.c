/* SPDX-License-Identifier: MIT */
#include "explore/recording/scratch_directory.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/remove.h"

int crash__scratch_make(struct crash__guardian *scratch, int large)
{
	const char *temporary = getenv("TMPDIR"), *base = "/dev/shm";

	if (large || access(base, W_OK | X_OK) < 0)
		base = temporary && *temporary ? temporary : "/tmp";
	return crash__guardian_start(scratch, base, "crashinject-explore-XXXXXX", crash__remove_patiently);
}

void crash__scratch_remove(struct crash__guardian *scratch)
{
	crash__guardian_end(scratch, false);
}
