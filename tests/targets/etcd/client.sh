#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: client.sh [old]
# Three puts, each acknowledged when etcdctl has the answer; with `old` three more.
export ETCDCTL_API=3
first=1
[ "$1" = old ] && first=4
for n in $first $((first + 1)) $((first + 2)); do
	[ "$(etcdctl --endpoints 127.0.0.1:27004 put "key$n" "value $n")" = OK ] && echo "ack $n"
done
