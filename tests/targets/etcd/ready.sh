#!/bin/sh
# SPDX-License-Identifier: MIT
ETCDCTL_API=3 exec etcdctl --endpoints 127.0.0.1:27004 --command-timeout 2s endpoint health
