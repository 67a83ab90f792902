#!/bin/sh
# SPDX-License-Identifier: MIT
# store.sh - a value in a file that is replaced as a whole. With STORE_BUG=1 it is not synced before.
#
#	store.sh save VALUE...		in the working directory
#	store.sh check			after a crash: the last value that was acknowledged has to be there
set -eu
. "${0%/*}/crashinject.sh"

save()
{
	printf '%s\n' "$1" >value.new
	crash_point store.written
	[ -n "${STORE_BUG-}" ] || sync -d value.new
	mv value.new value
	crash_point store.renamed
	sync .
	crash_ack "$1"
}

case $1 in
save)
	shift
	for value; do save "$value"; done
	;;
check)
	acked=$(tail -n 1 "$CRASH_ACKED_DIR/points" 2>/dev/null) || :
	[ -n "$acked" ] || exit 0
	[ "$(cat value)" -ge "$acked" ] || { echo "acknowledged $acked, there is $(cat value)"; exit 1; }
	;;
esac
