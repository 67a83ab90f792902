#!/bin/sh
# SPDX-License-Identifier: MIT
# The tutorial's second hour in Go, Rust and Python: what it says of the log is so, and of the log without this and that.
# With the names of some languages as arguments: those alone.
set -u
LC_ALL=C
export LC_ALL
source=$(cd "${srcdir:-.}" && pwd)
: "${CRASHINJECT:=$(pwd)/crashinject}"
work=$(mktemp -d "${TMPDIR:-/tmp}/second-hour-XXXXXX") || exit 99
trap 'cd /; chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
unset CRASH_AT CRASH_DIR CRASH_AFTER CRASH_FD CRASH_FD_PATH
cp -R "$source/docs/second-hour" "$work/hour" && chmod -R u+w "$work/hour" && mkdir "$work/tmp" || exit 99
grep -rl /usr/local/share "$work/hour" | xargs sed -i "s,/usr/local/share/crashinject/bindings,$source/bindings,"
TMPDIR=$work/tmp
export CRASHINJECT TMPDIR
failures=0
tried=0

fail()
{
	cat "$work/log"
	echo "FAIL: second hour: $*"
	failures=$((failures + 1))
}

# by_hand EXPECTED PROGRAM...: killed in the second record, of which nothing is there then
by_hand()
{
	expected=$1
	shift
	mkdir data
	"$CRASHINJECT" run -q --at wal.mid-record#2 --dir data -- "$@" one two three >"$work/log" 2>&1 || fail "$*: not killed"
	said=$(CRASH_DIR=$PWD/data "$@" 2>&1)
	[ "$said" = "$expected" ] || fail "$*: \"$said\", not \"$expected\""
}

passes()
{
	about=$1
	shift
	"$@" >"$work/log" 2>&1 || fail "$about: it fails"
}

# fails ABOUT TEXT,... COMMAND...
fails()
{
	about=$1 texts=$2
	shift 2
	! "$@" >"$work/log" 2>&1 || fail "$about: it passes"
	echo "$texts" | tr '|' '\n' | while read -r text; do
		grep -q "$text" "$work/log" || echo "$text"
	done >"$work/missing"
	[ ! -s "$work/missing" ] || fail "$about: no $(cat "$work/missing")"
}

lost='lost: acknowledged "one"|repair: fsync of wal before acknowledging|replay: crashinject replay|the check said: '
zeros='inconsistent: only a part of the write to wal|advice: no fsync helps'

# hour FILE SYNC COMMAND...: with the lines that match SYNC taken out; the zeros are for the caller
hour()
{
	file=$1 sync=$2
	shift 2
	tried=$((tried + 1))
	passes "$file" "$@"
	cp "$file" "$work/whole"
	sed "$sync" "$work/whole" >"$file"
	! cmp -s "$file" "$work/whole" || fail "$file has no such sync"
	fails "$file without a sync" "$lost" "$@"
	sed 's/length == 0 [or|]* //' "$work/whole" >"$file"
	! cmp -s "$file" "$work/whole" || fail "$file has no such line"
}

wanted()
{
	[ -z "$only" ] || case " $only " in *" $1 "*) ;; *) return 1 ;; esac
	command -v "$2" >/dev/null && return
	echo "SKIP: second hour: $2 is not installed"
	return 1
}

only=$*
if wanted python python3; then
	cd "$work/hour/python" || exit 99
	python=$(python3 -c 'import sys; print(sys.executable)')
	PYTHONPATH=$source/bindings/python PYTHONDONTWRITEBYTECODE=1
	export PYTHONPATH PYTHONDONTWRITEBYTECODE
	by_hand one "$python" wal.py
	set -- "$python" -c 'import test_wal; test_wal.test_the_log_is_crash_safe()'
	! "$python" -c 'import pytest' 2>/dev/null || set -- "$python" -m pytest -q -p no:cacheprovider
	hour wal.py '/os.fsync(self.file.fileno())/d' "$@"
	fails "wal.py with zeros" "$zeros" "$@"
fi
if wanted go go; then
	cd "$work/hour/go" || exit 99
	GOCACHE=$work/cache GOPATH=$work/path GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0
	export GOCACHE GOPATH GOFLAGS GOPROXY CGO_ENABLED
	passes "go vet" go vet .
	passes "go build" go build -o wal .
	by_hand '[one]' "$PWD/wal"
	hour wal.go '/if err := log.file.Sync()/,+2d' go test -count=1 .
	fails "wal.go with zeros" "$zeros" go test -count=1 .
fi
if wanted rust cargo && cargo --version >/dev/null 2>&1; then
	cd "$work/hour/rust" || exit 99
	CARGO_TARGET_DIR=$work/target CARGO_NET_OFFLINE=true RUSTFLAGS="-D warnings"
	export CARGO_TARGET_DIR CARGO_NET_OFFLINE RUSTFLAGS
	passes "cargo build" cargo build --quiet
	by_hand one "$work/target/debug/wal"
	hour src/main.rs '/self.file.sync_all()?;/d' cargo test --quiet
	passes "main.rs with zeros, of which FNV-1a makes something" cargo test --quiet
fi
[ $tried -gt 0 ] || exit 77
[ $failures = 0 ]
