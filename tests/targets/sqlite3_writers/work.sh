#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh threads|processes JOURNAL
# Two writers of one database, who wait for each other; each transaction of two rows is acknowledged when it is committed.
# Threads are python3's, processes are sqlite3's. A database in WAL mode gets a checkpoint at the end.
sqlite3 -batch -bail t.db "pragma journal_mode = $2; create table t(w text, n integer, v text);" >/dev/null || exit
echo made
case $1 in
	threads)
		python3 - <<'END' || exit
import os, sqlite3, threading

def write(writer):
    db = sqlite3.connect("t.db", timeout=60, isolation_level=None)
    db.execute("pragma synchronous = full")
    for n in (1, 2):
        db.execute("begin immediate")
        for row in (1, 2):
            db.execute("insert into t values(?, ?, ?)", (writer, n, writer * 300))
        db.execute("commit")
        os.write(1, b"ack %s %d\n" % (writer.encode(), n))

threads = [threading.Thread(target=write, args=(writer,)) for writer in "ab"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
END
		;;
	processes)
		for writer in a b; do
			{
				echo ".timeout 60000"
				echo "pragma synchronous = full;"
				for n in 1 2; do
					echo "begin immediate;"
					for row in 1 2; do
						echo "insert into t values('$writer', $n, printf('%.*c', 300, '$writer'));"
					done
					echo "commit;"
					echo ".shell echo ack $writer $n"
				done
			} | sqlite3 -batch -bail t.db &
		done
		wait
		;;
esac
sqlite3 -batch t.db 'pragma wal_checkpoint(truncate)' >/dev/null
