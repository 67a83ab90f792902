#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [old]
# A repository, a checkout of it, and two commits, each acknowledged when fossil has returned; with `old` two commits more in
# a checkout that is there (prepare.sh). What fossil knows of all repositories of a user is elsewhere.
set -e
export FOSSIL_HOME="$BUILT" USER=a LC_ALL=C
first=1
if [ "$1" = old ]; then
	first=3
else
	fossil init r.fossil >/dev/null
	echo init
	fossil open r.fossil >/dev/null
	echo open
fi
for n in $first $((first + 1)); do
	echo "text $n" >"file$n"
	fossil add "file$n" >/dev/null
	fossil commit --no-warnings --nosign --nosync -m "commit $n" >/dev/null
	echo "ack $n"
done
