#!/bin/sh
# SPDX-License-Identifier: MIT
# The binding for Java, without Maven: its plugins would have to be fetched. That it reads the pom needs none.
. "${srcdir:-.}/bindings/check_common.sh"
needs javac
javac --release 17 -Xlint:all -Werror -d classes $(find src example -name '*.java') || skip "javac is older than 17"
java -XX:-UsePerfData -Djava.io.tmpdir="$TMPDIR" -cp classes crashinject.CrashTest \
	"java -XX:-UsePerfData -cp $PWD/classes Store" || fail "CrashTest"
smallest java -XX:-UsePerfData -Djava.io.tmpdir="$TMPDIR" -cp "$PWD/classes" StoreTest
if command -v mvn >/dev/null; then
	mvn -o -q validate >mvn.log 2>&1 || { cat mvn.log; fail "mvn validate"; }
fi
finish
