#!/bin/sh
# SPDX-License-Identifier: MIT
# What was committed can be read, and every object that is reachable is intact. Files of the working tree are not
# git's promise. A lock that a dead process left is not damage: nothing here writes.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0
grep -qx init "$CRASH_ACKED" || exit 0
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
if [ -z "$acked" ] && ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	said=$(git status --porcelain 2>&1) && exit 0
	echo "before the first commit: $said"
	exit 1
fi
if ! said=$(git fsck --full --no-dangling 2>&1); then
	echo "git fsck: $said"
	exit 1
fi
if ! said=$(git diff --cached --stat 2>&1); then
	echo "the index: $said"
	exit 1
fi
if git symbolic-ref -q HEAD >/dev/null && [ ! -e .git/refs/heads/main ] && [ ! -e .git/packed-refs ]; then
	echo "commit $acked was acknowledged, and the branch is not there"
	exit 2
fi
have=$(git rev-list --count HEAD 2>&1)
case $have in
	[0-9]*) ;;
	*)
		echo "git rev-list: $have"
		exit 1
		;;
esac
[ "$have" -ge "${acked:-0}" ] && exit 0
echo "commit $acked was acknowledged, and there are $have"
exit 2
