#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: check.sh [old]
# The repository is sound, what was committed can be read, and the checkout takes another commit.
mkdir -p home
export FOSSIL_HOME="$PWD/home" USER=a LC_ALL=C
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
[ "$1" = old ] && acked=${acked:-2}
if [ "$1" != old ] && ! grep -qx init "$CRASH_ACKED"; then
	exit 0
fi
inconsistent() {
	echo "$1: $(echo "$2" | head -n 3 | paste -sd' ')"
	exit 1
}
said=$(fossil test-integrity -R r.fossil 2>&1) || inconsistent "test-integrity" "$said"
said=$(echo "pragma integrity_check;" | fossil sql -R r.fossil --readonly 2>&1)
[ "$said" = "'ok'" ] || inconsistent "integrity_check" "$said"
# the first check-in is that of an empty tree
have=$(echo "select count(*) - 1 from event where type = 'ci';" | fossil sql -R r.fossil --readonly 2>&1)
case $have in
	[0-9]) ;;
	*) inconsistent "the timeline" "$have" ;;
esac
n=0
while [ $n -lt "$have" ]; do
	n=$((n + 1))
	said=$(fossil cat -R r.fossil -r tip "file$n" 2>&1)
	[ "$said" = "text $n" ] || inconsistent "file$n of $have commits" "$said"
done
if [ "$have" -lt "${acked:-0}" ]; then
	echo "commit $acked was acknowledged, and there are $have"
	exit 2
fi
if [ "$1" != old ] && ! grep -qx open "$CRASH_ACKED"; then
	exit 0
fi
said=$(fossil status 2>&1) || inconsistent "the checkout" "$said"
echo "the next text" >next
said=$(fossil add next 2>&1) || inconsistent "adding a file" "$said"
# Files that the user has added before, and that were lost, are not fossil's to keep.
for n in 1 2 3 4; do
	[ -e "file$n" ] || echo "text $n" >"file$n"
done
said=$(fossil commit --no-warnings --nosign --nosync -m next 2>&1) || inconsistent "the next commit" "$said"
said=$(fossil cat -R r.fossil -r tip next 2>&1)
[ "$said" = "the next text" ] || inconsistent "what was committed next" "$said"
