#!/bin/sh
# SPDX-License-Identifier: MIT
# The table can be read; a commit is there whole or not at all; and none that was acknowledged is lost. What was not
# recovered before is recovered by it: the process that the lock file names is gone.
PATH=$PATH:/usr/lib/postgresql/15/bin
rm -f postmaster.pid
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
said=$(echo "select n, count(*), sum(length(v)) from t group by n order by n" | postgres --single -D . postgres 2>&1)
case $said in
	*PANIC* | *FATAL* | *ERROR*)
		echo "cannot be read: $said"
		exit 1
		;;
esac
have=0
rows=$(echo "$said" | sed -n 's/.*[0-9]: [a-z]* = "\([0-9]*\)".*/\1/p' | paste -sd' ')
case $rows in
	'') have=0 ;;
	'1 3 1500') have=1 ;;
	'1 3 1500 2 3 1500') have=2 ;;
	'1 3 1500 2 3 1500 3 3 1500') have=3 ;;
	*)
		echo "half of a commit: $rows"
		exit 1
		;;
esac
[ "$have" -ge "${acked:-0}" ] && exit 0
echo "commit $acked was acknowledged, and the last one there is $have"
exit 2
