#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh JOURNAL SYNCHRONOUS [few]
# Transactions, each of which leaves three rows with its number, acknowledged when COMMIT has returned. One is larger than
# the cache, so that the database is written to before its commit; `few` leaves that out.
{
	echo "pragma cache_size = 8;"
	echo "pragma page_size = 1024;"
	echo "pragma journal_mode = $1;"
	echo "pragma synchronous = $2;"
	echo "create table t(id integer primary key, n integer, v text);"
	echo "create index i on t(n);"
	echo ".shell echo ack 0"
	for n in 1 2; do
		echo "begin;"
		for row in 1 2 3; do
			echo "insert into t(n, v) values($n, printf('%.*c', 300, '$n'));"
		done
		echo "commit;"
		echo ".shell echo ack $n"
	done
	[ "$3" = few ] && exit
	echo "begin;"
	echo "with recursive c(x) as (select 1 union all select x + 1 from c where x < 12)"
	echo "  insert into t(n, v) select 3, printf('%.*c', 500, 'd') from c;"
	echo "delete from t where n = 3 and id % 2;"
	echo "update t set v = printf('%.*c', 400, 'e') where n = 1;"
	echo "insert into t(n, v) values(4, 'last');"
	echo "commit;"
	echo ".shell echo ack 4"
} | sqlite3 -batch -bail t.db
