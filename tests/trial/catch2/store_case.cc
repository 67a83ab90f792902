// SPDX-License-Identifier: MIT
#include <crashinject/catch2.h>

#include "value_store.h"

// workload and check
static int work(const char *directory, const void *)
{
	return store_save(directory, '1') || store_save(directory, '2');
}

static void look(crash_checked *state, const void *)
{
	char value = store_load("."), acked = store_acked(state->acked_dir);

	if (acked != '0' && (value < acked || value > '2')) {
		state->verdict = CRASH_INCONSISTENT;
		state->text = "the value is not the one that was acknowledged";
	}
}
// end of workload and check

TEST_CASE("the store is crash safe")
{
	CHECK_CRASH_SAFE(work, look, "ext4");
}
