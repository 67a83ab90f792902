#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh always|everysec|rdb
# A server on a socket in its data directory; its keys are acknowledged when redis-cli has the reply.
# always, everysec: the append-only file, rewritten once; rdb: SAVE, once in the foreground, once in the background.
case $1 in
	rdb) set -- rdb --appendonly no ;;
	*) set -- "$1" --appendonly yes --appendfsync "$1" ;;
esac
how=$1
shift
redis-server --port 0 --unixsocket ./socket --save '' --daemonize no --loglevel warning \
	--logfile '' "$@" >/dev/null 2>&1 &
server=$!
cli() {
	redis-cli -s ./socket "$@"
}
key() {
	[ "$(cli set "key$1" "$1$1$1")" = OK ] && [ "$how" != rdb ] && echo "ack $1"
}
until [ "$(cli ping 2>/dev/null)" = PONG ]; do
	kill -0 $server || exit 1
	sleep 0.01
done
key 1
key 2
key 3
case $how in
	rdb) [ "$(cli save)" = OK ] && echo "ack 3" ;;
	*)
		cli bgrewriteaof >/dev/null
		while cli info persistence | grep -q 'aof_rewrite_in_progress:1'; do sleep 0.01; done
		;;
esac
key 4
key 5
[ "$how" = rdb ] && [ "$(cli save)" = OK ] && echo "ack 5"
cli shutdown nosave
wait $server
