#!/bin/sh
# SPDX-License-Identifier: MIT
# Three commits, each of three rows and acknowledged when it is over.
sql() {
	mariadb --no-defaults --socket=my.sock -u root d -e "$1"
}
for n in 1 2 3; do
	sql "start transaction;
		insert into t(n, v) select $n, repeat('$n', 300) from seq_1_to_3;
		commit" && echo "ack $n"
done
