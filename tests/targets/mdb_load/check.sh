#!/bin/sh
# SPDX-License-Identifier: MIT
# Every key that was acknowledged is there.
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
[ -z "$acked" ] && exit 0
if [ ! -e t.mdb ]; then
	echo "$acked keys were acknowledged, and there is no file"
	exit 2
fi
said=$(mdb_dump -n -p t.mdb 2>&1)
have=$(echo "$said" | grep -c '^ value')
case $said in
	*DATA=END) ;;
	*)
		echo "mdb_dump: $said" | tail -n 2
		exit 1
		;;
esac
[ "$have" -ge "$acked" ] && exit 0
echo "$acked keys were acknowledged, and there are $have"
exit 2
