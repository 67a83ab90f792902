#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: server.sh [OPTION]...
# InnoDB, small, on the working directory, whose socket is its only door; root may start it. Of what io_submit writes it is
# not seen when it is over.
for option; do
	set -- "$@" "--$option"
	shift
done
exec mariadbd --no-defaults --user=root --datadir="$PWD" --socket="$PWD/my.sock" --skip-networking \
	--pid-file="$PWD/my.pid" --innodb-use-native-aio=0 --innodb-buffer-pool-size=8M --innodb-log-file-size=4M "$@"
