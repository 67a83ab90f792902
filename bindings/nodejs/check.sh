#!/bin/sh
# SPDX-License-Identifier: MIT
# The binding for Node.js, by node --test.
. "${srcdir:-.}/bindings/check_common.sh"
needs node
case $(node --version) in
v1[0-7].* | v[0-9].*) skip "this node has no test runner" ;;
esac
node --test test/ || fail "node --test"
smallest node --test example/
finish
