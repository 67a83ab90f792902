#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [SETTING=VALUE]...
# Commits, each of three rows and acknowledged when it is over; a checkpoint in between.
PATH=$PATH:/usr/lib/postgresql/15/bin
for setting; do
	set -- "$@" -c "$setting"
	shift
done
for n in 1 2 3; do
	echo "insert into t select $n, repeat('$n', 500) from generate_series(1, 3)"
	echo "copy (select 1) to program 'cat >/dev/null; echo ack $n'"
	[ $n = 2 ] && echo "checkpoint"
done | postgres --single -D . "$@" postgres 2>&1 | grep --line-buffered -o 'ack [0-9]*'
