#!/bin/sh
# SPDX-License-Identifier: MIT
# The trial: in an empty directory outside of the tree, with an installed prefix alone, a test of each language and framework
# fails on the store with its bug for the right reason, and passes on the one without. With the names of some of them as
# arguments: those alone.
set -u
LC_ALL=C
export LC_ALL
source=$(cd "${srcdir:-.}" && pwd)
build=$(pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/trial-XXXXXX") || exit 99
trap 'cd /; chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES TESTS TEST_LOGS
unset CRASHINJECT CRASHINJECT_PRELOAD CRASHINJECT_MODELS HELPER PROGRAMS STORE_BUG
unset CRASH_AT CRASH_DIR CRASH_AFTER CRASH_FD CRASH_FD_PATH
failures=0
tried=0

# The .pc files say where it was configured for; --define-prefix, where they are.
prefix=$work/prefix
make -C "$build" install prefix="$prefix" >"$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }
cp -R "$source/tests/trial" "$work/trial" && chmod -R u+w "$work/trial" && mkdir "$work/tmp" || exit 99
grep -rl PREFIX "$work/trial" | xargs sed -i "s,PREFIX,$prefix,"
PATH=$prefix/bin:$PATH TMPDIR=$work/tmp PKG_CONFIG_PATH=$prefix/lib/pkgconfig
bindings=$prefix/share/crashinject/bindings
export PATH TMPDIR PKG_CONFIG_PATH

fail()
{
	echo "FAIL: $*"
	failures=$((failures + 1))
}

has()
{
	command -v "$1" >/dev/null && "$@" >/dev/null 2>&1
}

# glue FILE...: lines that are there because of crashinject, and neither in workload nor check
glue()
{
	sed '/[/#*] workload and check/,/end of workload and check/d' "$@" | grep -c 'crash\|Crash\|CRASH\|^}'
}

# tries NAME FILE... -- COMMAND...: in its folder; the files are those that a user writes for the test
tries()
{
	name=$1 files=
	shift
	while [ "$1" != -- ]; do
		files="$files $1"
		shift
	done
	shift
	tried=$((tried + 1))
	cd "$work/trial/$name" || exit 99
	"$@" >"$work/right.log" 2>&1 || { tail -n 40 "$work/right.log"; fail "$name: a right store fails"; return; }
	[ -z "$(ls "$work/tmp" | grep '^crashinject-')" ] || fail "$name: what is right leaves $(ls "$work/tmp")"
	if STORE_BUG=1 "$@" >"$work/wrong.log" 2>&1; then
		cat "$work/wrong.log"
		fail "$name: a store with a bug passes"
	fi
	for text in 'found' 'repair: .*fsync of ' 'replay: crashinject replay ' 'the check said: ' 'the result is in '; do
		grep -q "$text" "$work/wrong.log" || { tail -n 40 "$work/wrong.log"; fail "$name: no \"$text\""; return; }
	done
	directory=$(sed -n 's,.*the result is in \(/[A-Za-z0-9_/.-]*\).*,\1,p' "$work/wrong.log" | head -n 1)
	crashinject report "$directory" >"$work/report.log" 2>&1
	grep -q '^finding ' "$work/report.log" || fail "$name: there is no result in $directory"
	# shellcheck disable=SC2086 # words
	echo "$name: passes and finds; $(glue $files) lines of glue"
	rm -rf "$work"/tmp/*
}

# with_cmake NAME PACKAGE FILE: the framework is a package that CMake finds
with_cmake()
{
	has cmake --version || return
	if (cd "$work/trial/$1" && cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix") >"$work/cmake.log" 2>&1; then
		cmake --build "$work/trial/$1/build" >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; fail "$1: it does not build"; }
		tries "$1" "$3" CMakeLists.txt -- build/store_test
	elif grep -q "$2" "$work/cmake.log" && ! grep -q 'crashinject' "$work/cmake.log"; then
		echo "SKIP: $1: CMake does not find $2"
	else
		cat "$work/cmake.log"
		fail "$1: find_package"
	fi
}

wanted()
{
	[ -z "$only" ] || case " $only " in *" $1 "*) ;; *) return 1 ;; esac
}

only=$*

if wanted python && has python3 --version; then
	python=$(python3 -c 'import sys; print(sys.executable)')
	has python3 -c 'import pytest' || { has /usr/bin/python3 -c 'import pytest' && python=/usr/bin/python3; }
	PYTHONPATH=$bindings/python PYTHONDONTWRITEBYTECODE=1
	export PYTHONPATH PYTHONDONTWRITEBYTECODE
	if "$python" -c 'import pytest' 2>/dev/null; then
		tries python test_store.py -- "$python" -m pytest -q -p no:cacheprovider
	else
		tries python test_store.py -- "$python" -c 'import test_store; test_store.test_the_store_is_crash_safe()'
	fi
fi
if wanted go && has go version; then
	GOCACHE=$work/cache GOPATH=$work/path GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0
	export GOCACHE GOPATH GOFLAGS GOPROXY CGO_ENABLED
	tries go store_test.go go.mod -- go test -count=1 .
fi
if wanted rust && has cargo --version; then
	CARGO_TARGET_DIR=$work/target CARGO_NET_OFFLINE=true RUSTFLAGS="-D warnings"
	export CARGO_TARGET_DIR CARGO_NET_OFFLINE RUSTFLAGS
	tries rust tests/crash.rs Cargo.toml -- cargo test --quiet --test crash
fi
if wanted nodejs && has node --version; then
	mkdir "$work/trial/nodejs/node_modules" && ln -s "$bindings/nodejs" "$work/trial/nodejs/node_modules/crashinject"
	tries nodejs store.test.js -- node --test
fi
if wanted java && has javac --version; then
	junit=/usr/share/java/junit4.jar:/usr/share/java/hamcrest-core.jar:/usr/share/java/hamcrest.jar
	if [ -e /usr/share/java/junit4.jar ]; then
		cd "$work/trial/java" && javac -d classes -sourcepath "$bindings/java/src/main/java" -cp "$junit" ./*.java &&
			tries java StoreTest.java -- java -XX:-UsePerfData -Djava.io.tmpdir="$TMPDIR" -cp "$PWD/classes:$junit" \
				org.junit.runner.JUnitCore StoreTest
	else
		echo "SKIP: java: JUnit is not installed"
	fi
fi
if wanted check && has pkg-config check && has "${CC:-cc}" --version; then
	tries check check_store.c Makefile -- make CC="${CC:-cc}" PKG_CONFIG="pkg-config --define-prefix" check
	if has meson --version; then
		printf '#!/bin/sh\nexec pkg-config --define-prefix "$@"\n' >"$work/pkg-config" && chmod +x "$work/pkg-config"
		cd "$work/trial/check" && PKG_CONFIG="$work/pkg-config" meson setup "$work/meson" >"$work/meson.log" 2>&1 && meson test -C "$work/meson" \
			>>"$work/meson.log" 2>&1 || { cat "$work/meson.log"; fail "meson"; }
	else
		echo "SKIP: meson: it is not installed"
	fi
fi
wanted gtest && with_cmake gtest GTest store_test.cc
wanted catch2 && with_cmake catch2 Catch2 store_case.cc
[ $tried -gt 0 ] || { echo "SKIP: trial: no language is there"; exit 77; }
[ $failures = 0 ]
