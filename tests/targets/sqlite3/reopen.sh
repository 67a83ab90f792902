#!/bin/sh
# SPDX-License-Identifier: MIT
# Whoever opens the database next rolls a journal back, and the last one who closes it takes the log into it.
exec sqlite3 -batch -bail t.db "select count(*) from sqlite_schema" >/dev/null
