#!/bin/sh
# SPDX-License-Identifier: MIT
. ./crashinject.sh
mkdir data
crash_explore --dir data --model=ext4 --check "$PWD/store.sh check" -- \
	sh -c "cd \"\$CRASH_DIR\" && $PWD/store.sh save 1 2"
