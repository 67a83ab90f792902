#!/bin/sh
# SPDX-License-Identifier: MIT
# The table is sound; a commit is there whole or not at all; none that was acknowledged is lost; and one more works.
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED_DIR/client" | tail -n 1)
sql() {
	mariadb --no-defaults --socket=my.sock -u root -N d -e "$1" 2>&1
}
if ! said=$(sql "check table t extended; select n, count(*), sum(length(v)) from t group by n order by n"); then
	echo "cannot be read: $said"
	exit 1
fi
table=$(echo "$said" | sed -n '1s/.*\t//p')
if [ "$table" != OK ]; then
	echo "check table: $said"
	exit 1
fi
case $(echo "$said" | sed 1d | tr '\t\n' '  ') in
	'') have=0 ;;
	'1 3 900 ') have=1 ;;
	'1 3 900 2 3 900 ') have=2 ;;
	'1 3 900 2 3 900 3 3 900 ') have=3 ;;
	*)
		echo "half of a commit: $said"
		exit 1
		;;
esac
if [ $have -lt "${acked:-0}" ]; then
	echo "commit $acked was acknowledged, and the last one there is $have"
	exit 2
fi
said=$(sql "insert into t(n, v) values(9, 'next'); select count(*) from t where n = 9")
[ "$said" = 1 ] && exit 0
echo "the next commit: $said"
exit 1
