#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [OPTION=VALUE]...
# A repository with two commits, each acknowledged when git has returned.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
for option; do
	set -- "$@" -c "$option"
	shift
done
set -e
git "$@" -c init.defaultBranch=main -c init.templateDir= init -q .
git config gc.auto 0
echo init
for n in 1 2; do
	echo "text $n" >"file$n"
	git "$@" add "file$n"
	git "$@" commit -q -m "commit $n"
	echo "ack $n"
done
