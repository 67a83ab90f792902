#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: check.sh always|everysec|rdb
# The server starts on it; its keys are the first ones, without a gap; and none that was acknowledged is lost.
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
append=yes
[ "$1" = rdb ] && append=no
rm -f socket
redis-server --port 0 --unixsocket ./socket --save '' --daemonize no --loglevel warning --logfile '' \
	--appendonly $append >log 2>&1 &
server=$!
until said=$(redis-cli -s ./socket mget key1 key2 key3 key4 key5 2>/dev/null) && [ "${said#LOADING}" = "$said" ]; do
	if ! kill -0 $server 2>/dev/null; then
		echo "does not start: $(sed 's/^[^#]*# //' log | grep -v -e overcommit -e '^oO0' -e version= | tail -n 1)"
		exit 1
	fi
	sleep 0.01
done
redis-cli -s ./socket shutdown nosave
wait $server
have=0
n=0
for value in $(echo "$said" | sed 's/^$/-/'); do
	n=$((n + 1))
	[ "$value" = - ] && continue
	if [ "$value" != "$n$n$n" ] || [ $n != $((have + 1)) ]; then
		echo "key$n is there, and what there is before it: $said"
		exit 1
	fi
	have=$n
done
[ "$have" -ge "${acked:-0}" ] && exit 0
echo "key$acked was acknowledged, and the last one there is key$have"
exit 2
