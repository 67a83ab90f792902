#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh gzip|sort|sed|cp|cp-sync|rsync|rsync-fsync|vim|logrotate|copytruncate
# Ways to replace a file by another version of itself. The old version is on the disk before that.
seq 300 | awk '{ print "line", ($1 * 7919) % 1000, "of the text" }' >text
sync text .
echo start
case $1 in
	gzip) gzip text ;;
	sort) sort -o text text ;;
	sed) sed -i 's/line/LINE/' text ;;
	cp) sed 's/line/LINE/' text >text.new && mv text.new text ;;
	cp-sync) sed 's/line/LINE/' text >text.new && sync text.new && mv text.new text && sync . ;;
	rsync*)
		sed 's/line/LINE/' text >text.new && sync text.new
		[ "$1" = rsync-fsync ] && fsync=--fsync
		rsync -a --ignore-times ${fsync:+"$fsync"} text.new text
		;;
	vim) vim.tiny -u NONE -N -es -c '%s/line/LINE/' -c wq text </dev/null ;;
	logrotate | copytruncate)
		[ "$1" = logrotate ] && set -- create
		printf '"%s" {\n\tsize 1\n\trotate 2\n\t%s\n}\n' "$PWD/text" "$1" >conf
		chmod go-w . conf
		sync conf .
		/usr/sbin/logrotate --state "$PWD/state" conf
		;;
	*) exit 64 ;;
esac || exit
echo done
