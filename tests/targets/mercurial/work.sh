#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [old]
# A repository with two commits, each acknowledged when hg has returned; with `old` two commits more to one that is there.
export HGRCPATH='' HGUSER=a HGPLAIN=1
set -e
first=1
if [ "$1" = old ]; then
	first=3
else
	hg init .
	echo init
fi
for n in $first $((first + 1)); do
	echo "text $n" >"file$n"
	hg add -q "file$n"
	hg commit -q -d "$n 0" -m "commit $n"
	echo "ack $n"
done
