#!/bin/sh
# SPDX-License-Identifier: MIT
# A server that stands alone, on the working directory, with a log that is not given 64 MiB at once.
exec java -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xmx64m \
	-Dzookeeper.preAllocSize=64 -Dzookeeper.admin.enableServer=false -Dzookeeper.jmx.log4j.disable=true \
	-Dlog4j.configuration=file:/dev/null -cp /usr/share/java/zookeeper.jar \
	org.apache.zookeeper.server.ZooKeeperServerMain 27007 "$PWD"
