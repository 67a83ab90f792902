#!/bin/sh
# SPDX-License-Identifier: MIT
# A cluster of one member, on the working directory. An election takes less time than where members are far away.
exec etcd --data-dir data --heartbeat-interval 10 --election-timeout 100 --logger zap --log-outputs stderr \
	--listen-client-urls http://127.0.0.1:27004 --advertise-client-urls http://127.0.0.1:27004 \
	--listen-peer-urls http://127.0.0.1:27005 --initial-advertise-peer-urls http://127.0.0.1:27005 \
	--initial-cluster default=http://127.0.0.1:27005
