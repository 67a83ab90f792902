#!/bin/sh
# SPDX-License-Identifier: MIT
# The binding for the shell: what it says, that it says nothing without the variable, and its example.
. "${srcdir:-.}/bindings/check_common.sh"

# as many shells as there are
for shell in sh bash ksh; do
	command -v $shell >/dev/null || continue
	(unset CRASH_FD; $shell -c '. ./crashinject.sh; crash_point a; crash_ack b; crash_note c d') || fail "$shell: alone"
	$shell -c 'CRASH_FD=77; CRASH_FD_PATH=$PWD/none; . ./crashinject.sh; crash_point a' || fail "$shell: a channel that is gone"
	"$CRASHINJECT" run -q --at p.two#2 -- $shell -c '. ./crashinject.sh
		crash_point p.two; echo one >out; crash_note k v; crash_point p.two; echo two >out'
	same $? 0 "$shell: killed at the point"
	same "$(cat out)" one "$shell: and held there"
done

mkdir good bad
. ./crashinject.sh
said=$(crash_explore --root good --model=posix --jobs=1 --check "$PWD/store.sh check" -- \
	sh -c "cd good && $PWD/store.sh save 1 2" 2>&1)
same $? 0 "the store is right: $said"
case $said in "crash-safe: "*) ;; *) fail "not one line: $said" ;; esac
said=$(STORE_BUG=1 crash_explore --root bad --model=posix --jobs=1 --check "$PWD/store.sh check" -- \
	sh -c "cd bad && $PWD/store.sh save 1 2" 2>&1)
same $? 1 "the store has a bug: $said"
contains "$said" "replay"
contains "$said" "fsync of"
smallest sh -c 'rm -rf data; sh ./test.sh'
finish
