#!/bin/sh
# SPDX-License-Identifier: MIT
exec mariadb-admin --no-defaults --socket=my.sock -u root ping
