#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh gzip|sort|sed|cp|cp-sync
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
	*) exit 64 ;;
esac || exit
echo done
