#!/bin/sh
# SPDX-License-Identifier: MIT
# Replays the log. The process that the lock file names is gone.
PATH=$PATH:/usr/lib/postgresql/15/bin
rm -f postmaster.pid
postgres --single -D . postgres </dev/null >recovery.out 2>&1 && ! grep -E 'PANIC|FATAL' recovery.out && exit 0
tail -n 5 recovery.out
exit 1
