#!/bin/sh
# SPDX-License-Identifier: MIT
# There is the old version or the new one, whole; and the new one when that was acknowledged.
grep -qx start "$CRASH_ACKED" || exit 0
old=0
new=0
sum() {
	cksum | cut -d' ' -f1
}
is() {
	[ "$(sum <text)" = "$1" ]
}
text() {
	seq 300 | awk '{ print "line", ($1 * 7919) % 1000, "of the text" }'
}
before=$(text | sum)
case $1 in
	gzip)
		[ -f text ] && is "$before" && old=1
		[ -f text.gz ] && [ "$(gzip -dc text.gz 2>/dev/null | sum)" = "$before" ] && new=1
		;;
	logrotate | copytruncate)
		is "$before" && old=1
		[ -f text.1 ] && [ "$(sum <text.1)" = "$before" ] && new=1
		;;
	sort)
		is "$before" && old=1
		is "$(text | sort | sum)" && new=1
		;;
	*)
		is "$before" && old=1
		is "$(text | sed 's/line/LINE/' | sum)" && new=1
		;;
esac
# what vim has in its swap file is not lost
if [ "$1" = vim ] && [ $old = 0 ] && [ $new = 0 ] && [ -f .text.swp ]; then
	rm -f saved
	vim.tiny -u NONE -N -es -c 'recover text' -c 'w! saved' -c 'qa!' </dev/null >/dev/null 2>&1
	[ -f saved ] && mv saved text && is "$(text | sed 's/line/LINE/' | sum)" && new=1
fi
if [ $old = 0 ] && [ $new = 0 ]; then
	echo "neither the old version is there nor the new one:" *
	exit 1
fi
if [ $new = 0 ] && grep -qx done "$CRASH_ACKED"; then
	echo "it was said to be done, and the old version is there"
	exit 2
fi
exit 0
