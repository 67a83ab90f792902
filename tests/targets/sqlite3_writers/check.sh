#!/bin/sh
# SPDX-License-Identifier: MIT
# The database is intact; of each writer the first transactions are there, whole; and none that was acknowledged is lost.
grep -qx made "$CRASH_ACKED" || exit 0
if ! said=$(sqlite3 -batch -bail t.db "pragma integrity_check; select count(*) from sqlite_schema;" 2>&1); then
	echo "cannot be read: $said"
	exit 1
fi
case $said in
	'ok
1') ;;
	'ok
0')
		echo "the table was made, and is lost"
		exit 2
		;;
	*)
		echo "integrity_check: $said"
		exit 1
		;;
esac
for writer in a b; do
	acked=$(sed -n "s/^ack $writer //p" "$CRASH_ACKED" | tail -n 1)
	said=$(sqlite3 -batch -bail t.db "select group_concat(n || ':' || c, ' ') from
		(select n, count(*) c from t where w = '$writer' and length(v) = 300 group by n order by n)" 2>&1)
	case $said in
		'') have=0 ;;
		1:2) have=1 ;;
		'1:2 2:2') have=2 ;;
		*)
			echo "half of a transaction: $writer $said"
			exit 1
			;;
	esac
	if [ "$have" -lt "${acked:-0}" ]; then
		echo "$writer's transaction $acked was acknowledged, and the last one there is $have"
		exit 2
	fi
done
exit 0
