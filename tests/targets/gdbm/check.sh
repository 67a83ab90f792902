#!/bin/sh
# SPDX-License-Identifier: MIT
# Every key that was acknowledged is there with its value, and the database can be walked and grown.
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
[ -z "$acked" ] && [ ! -s t.gdbm ] && exit 0
said=$(gdbmtool --read-only t.gdbm list 2>&1)
case $said in
	*gdbmtool:*)
		echo "cannot be walked: $said"
		exit 1
		;;
esac
n=1
while [ "$n" -le "${acked:-0}" ]; do
	case "
$said
" in
		*"
key$n value$n
"*) ;;
		*)
			echo "key$n was acknowledged, and there is: $said"
			exit 2
			;;
	esac
	n=$((n + 1))
done
said=$(gdbmtool t.gdbm store more more 2>&1)
case $said in
	*gdbmtool:*)
		echo "cannot go on: $said"
		exit 1
		;;
esac
