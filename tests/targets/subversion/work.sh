#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [old]
# A repository and two commits, each acknowledged when svn has returned; with `old` two commits more to one that is there.
# Every second file has the text of the first one, which is what rep-cache.db is for.
set -e
svn="svn --config-dir /proc --non-interactive"
first=1
if [ "$1" = old ]; then
	first=3
else
	svnadmin create r
	echo init
fi
tmp=$(mktemp)
for n in $first $((first + 1)); do
	echo "the text of all files" >"$tmp"
	[ $((n % 2)) = 0 ] && echo "text $n" >"$tmp"
	$svn import -q -m "commit $n" "$tmp" "file://$PWD/r/file$n"
	echo "ack $n"
done
rm "$tmp"
