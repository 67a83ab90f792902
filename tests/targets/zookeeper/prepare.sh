#!/bin/sh
# SPDX-License-Identifier: MIT
# old: a server that was there before, with four nodes
[ "$1" = old ] || exit 0
here=$(dirname "$0")
sh "$here/server.sh" >/dev/null 2>&1 &
server=$!
until sh "$here/ready.sh" >/dev/null 2>&1; do
	kill -0 $server || exit 1
	sleep 0.1
done
sh "$here/client.sh" >/dev/null
kill $server
wait $server
[ -e version-2 ]
