#!/bin/sh
# SPDX-License-Identifier: MIT
# A cluster with a table.
PATH=$PATH:/usr/lib/postgresql/15/bin
initdb -D . -A trust -U postgres --no-sync --no-locale -E UTF8 >/dev/null || exit
cat >>postgresql.conf <<END
shared_buffers = 1MB
max_wal_size = 64MB
wal_level = minimal
max_wal_senders = 0
autovacuum = off
dynamic_shared_memory_type = sysv
END
echo 'create table t(n integer, v text)' | postgres --single -D . postgres >/dev/null
