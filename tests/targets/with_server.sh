#!/bin/sh
# SPDX-License-Identifier: MIT
# with_server.sh TARGET COMMAND [ARG]... - starts the server of a target in the working directory, runs the command as
# soon as it is ready, and ends it: for starting trees. Exit status: the command's; 1: there was no server.
target=$1
shift
sh "$target/server.sh" >/dev/null 2>&1 &
server=$!
until sh "$target/ready.sh" >/dev/null 2>&1; do
	kill -0 $server || exit 1
	sleep 0.1
done
"$@"
done=$?
kill $server
wait $server
exit $done
