#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: check.sh [old]
# What was committed can be read and verified, with its log messages; and the next commit works.
export LC_ALL=C
svn="svn --config-dir /proc --non-interactive"
url=file://$PWD/r
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
[ "$1" = old ] && acked=${acked:-2}
if [ "$1" != old ] && ! grep -qx init "$CRASH_ACKED"; then
	exit 0
fi
# what svn says is several lines, and the first ones name what was found
words() {
	echo "$*" | sed 's/^svn[a-z]*: //' | head -n 4 | paste -sd' '
}
if ! said=$(svnadmin verify -q r 2>&1); then
	echo "svnadmin verify: $(words "$said")"
	exit 1
fi
have=$(svnlook youngest r 2>&1)
case $have in
	[0-9]) ;;
	*)
		echo "svnlook youngest: $(words "$have")"
		exit 1
		;;
esac
n=0
while [ $n -lt "$have" ]; do
	n=$((n + 1))
	want="the text of all files"
	[ $((n % 2)) = 0 ] && want="text $n"
	said=$($svn cat "$url/file$n" 2>&1)
	if [ "$said" != "$want" ]; then
		echo "file$n of $have commits: $(words "$said")"
		exit 1
	fi
	said=$(svnlook log r -r $n 2>&1)
	if [ "$said" != "commit $n" ]; then
		echo "the message of commit $n: $(words "$said")"
		exit 1
	fi
done
if [ "$have" -lt "${acked:-0}" ]; then
	echo "commit $acked was acknowledged, and there are $have"
	exit 2
fi
echo "the text of all files" >next
if ! said=$($svn import -q -m "a message" next "$url/next" 2>&1); then
	echo "the next commit: $(words "$said")"
	exit 1
fi
# it may have been made, and a warning be all that was said
said=$($svn import -q -m "a message" next "$url/again" 2>&1 && svnadmin verify -q r 2>&1) && [ -z "$said" ] && exit 0
echo "a commit later: $(words "$said")"
exit 1
