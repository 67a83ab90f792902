#!/bin/sh
# SPDX-License-Identifier: MIT
# check_power.sh - when the power fails, no note is lost that was acknowledged.
set -eu
rm -rf data
mkdir data
NOTES=$PWD/notes
export NOTES
"$CRASHINJECT" explore --model posix,ext4 --dir data --check "sh $(cd "$srcdir" && pwd)/check_acked.sh" \
	-- ./notes add milk bread
