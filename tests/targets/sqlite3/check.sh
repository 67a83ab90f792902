#!/bin/sh
# SPDX-License-Identifier: MIT
# The database is intact; a transaction is there whole or not at all; and none that was acknowledged is lost. Exit status: 1
# it is not intact, 2 it is, and lost one.
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
if ! said=$(sqlite3 -batch -bail t.db "pragma integrity_check; select count(*) from sqlite_schema;" 2>&1); then
	echo "cannot be read: $said"
	exit 1
fi
# shellcheck disable=SC2086
set -- $said
if [ "$1" != ok ]; then
	echo "integrity_check: $said"
	exit 1
fi
if [ "$2" -lt 2 ]; then
	[ -z "$acked" ] && exit 0
	echo "commit $acked was acknowledged, and the schema is lost"
	exit 2
fi
sums=$(sqlite3 -batch -bail t.db "select group_concat(n || ':' || c || ':' || l, ' ') from
	(select n, count(*) c, sum(length(v)) l from t group by n order by n)" 2>&1) || {
	echo "cannot be read: $sums"
	exit 1
}
case $sums in
	'') have=0 ;;
	'1:3:900') have=1 ;;
	'1:3:900 2:3:900') have=2 ;;
	'1:3:1200 2:3:900 3:6:3000 4:1:4') have=4 ;;
	*)
		echo "half of a transaction: $sums"
		exit 1
		;;
esac
[ "$have" -ge "${acked:-0}" ] && exit 0
echo "commit $acked was acknowledged, and the last one there is $have"
exit 2
