#!/bin/sh
# SPDX-License-Identifier: MIT
# The binding for Rust, by cargo test. Nothing is fetched.
. "${srcdir:-.}/bindings/check_common.sh"
needs cargo
cargo --version >/dev/null 2>&1 || skip "cargo does not work"
CARGO_TARGET_DIR=$work/target CARGO_NET_OFFLINE=true RUSTFLAGS="-D warnings"
export CARGO_TARGET_DIR CARGO_NET_OFFLINE RUSTFLAGS
cargo test --quiet || fail "cargo test"
smallest cargo test --quiet --test smallest
finish
