#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: check.sh [old]
# The server that was started on a state has every key that was acknowledged, its keys are the first ones, without a gap, and
# it takes another.
export ETCDCTL_API=3
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED_DIR/client" | tail -n 1)
[ "$1" = old ] && acked=${acked:-3}
cli() {
	etcdctl --endpoints 127.0.0.1:27004 "$@" 2>&1
}
if ! said=$(cli get key --prefix); then
	echo "get: $(echo "$said" | tail -n 1)"
	exit 1
fi
have=0
wanted=
for n in 1 2 3 4 5 6; do
	wanted="${wanted:+$wanted }key$n value $n"
	[ "$(echo "$said" | paste -sd' ' -)" = "$wanted" ] && have=$n
done
if [ -n "$said" ] && [ $have = 0 ]; then
	echo "the keys are not the first ones: $(echo "$said" | paste -sd' ' -)"
	exit 1
fi
if [ $have -lt "${acked:-0}" ]; then
	echo "key$acked was acknowledged, and the last one there is key$have"
	exit 2
fi
said=$(cli put next "next value")
[ "$said" = OK ] && exit 0
echo "put: $(echo "$said" | tail -n 1)"
exit 1
