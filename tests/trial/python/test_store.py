# SPDX-License-Identifier: MIT
import crashinject
import store


# workload and check
def work(directory):
    store.save(directory, "1")
    store.save(directory, "2")


def look(state):
    if state.acks:
        with open("value") as file:
            assert file.read() in ("1", "2")[len(state.acks) - 1:]
# end of workload and check


def test_the_store_is_crash_safe():
    crashinject.explore(work, look, models=["ext4"])
