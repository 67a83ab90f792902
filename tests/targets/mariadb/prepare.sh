#!/bin/sh
# SPDX-License-Identifier: MIT
# A server with a table.
mariadb-install-db --no-defaults --user=root --datadir="$PWD" --auth-root-authentication-method=normal --skip-test-db \
	--innodb-log-file-size=4M >/dev/null || exit
here=$(dirname "$0")
sh "$here/../with_server.sh" "$here" mariadb --no-defaults --socket=my.sock -u root mysql -e "
	create database d;
	create table d.t(id int primary key auto_increment, n int not null, v varchar(500), key(n)) engine=innodb"
