#!/bin/sh
# SPDX-License-Identifier: MIT
exec /usr/bin/python3 -I "$(dirname "$0")/zoo.py" check "$@"
