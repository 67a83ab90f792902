# SPDX-License-Identifier: MIT
import crashinject
import wal

TEXTS = ["one", "two", "three"]


def append_all(directory):
    log = wal.Log(directory)
    for text in TEXTS:
        log.append(text)
    log.close()


def look(state):
    log = wal.Log(state.dir)
    log.close()
    assert log.records == TEXTS[:len(log.records)], "there is %r" % log.records
    if len(log.records) < len(state.acks):
        raise crashinject.Lost("acknowledged %r, there is %r" % (state.acks, log.records))


def test_the_log_is_crash_safe():
    crashinject.explore(append_all, look, models=["ext4"])
