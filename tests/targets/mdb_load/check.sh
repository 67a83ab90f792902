#!/bin/sh
# SPDX-License-Identifier: MIT
# Every key that was told is there.
told=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
[ -z "$told" ] && exit 0
if [ ! -e t.mdb ]; then
	echo "$told keys were told, and there is no file"
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
[ "$have" -ge "$told" ] && exit 0
echo "$told keys were told, and there are $have"
exit 2
