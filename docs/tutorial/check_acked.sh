#!/bin/sh
# SPDX-License-Identifier: MIT
# check_acked.sh - says of a crash state whether every note that was acknowledged is there.
# NOTES is the program. crashinject explore sets CRASH_DIR, which is where it looks, and CRASH_ACKED.
"$NOTES" list >/dev/null || exit 1
sed -n 's/^kept //p' "$CRASH_ACKED" | while read -r note; do
	"$NOTES" list | grep -qxF "$note" || { echo "\"$note\" is gone"; exit 2; }
done
