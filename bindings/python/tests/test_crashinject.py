# SPDX-License-Identifier: MIT
import functools
import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

import crashinject

HERE = os.path.dirname(os.path.abspath(__file__))
STORE = [sys.executable, os.path.join(HERE, "..", "example", "store.py")]
COMMAND = os.environ.get("CRASHINJECT", "crashinject")


def run(at, script, **more):
    # not to write .pyc files, which are storage
    command = [COMMAND, "run", "-q", "--at", at, "--", sys.executable, "-B", "-c", "import crashinject\n" + script]
    return subprocess.run(command, capture_output=True, text=True, **more)


class Points(unittest.TestCase):
    def test_nothing_without_the_variable(self):
        with tempfile.TemporaryDirectory() as directory:
            script = "import crashinject as c, os; c.point('a'); c.ack('b'); c.note('k', 'v'); print(os.listdir('/proc/self/fd'))"
            done = subprocess.run([sys.executable, "-c", script], cwd=directory, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(os.listdir(directory), [])

    def test_it_is_killed_there(self):
        done = run("p.one#2", "crashinject.point('p.one'); print('a', flush=True); crashinject.point('p.one'); print('b')")
        self.assertEqual((done.returncode, done.stdout), (0, "a\n"), done.stderr)

    def test_a_child_without_descriptors(self):
        script = "import subprocess, sys; print('a', flush=True)\n" \
            "subprocess.run([sys.executable, '-c', 'import crashinject; crashinject.point(\"p.child\")'])\nprint('b')"
        done = run("p.child", script)
        self.assertEqual((done.returncode, done.stdout), (0, "a\n"), done.stderr)

    def test_a_name_that_is_none_is_said(self):
        done = subprocess.run([COMMAND, "run", "--at", "p", "--", sys.executable, "-c",
                               "import crashinject; crashinject.point('a b')"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("channel-line", done.stderr)


class Explore(unittest.TestCase):
    def explore(self, **more):
        return crashinject.explore(STORE + ["save", "1", "2"], STORE + ["check"], models=["posix"], **more)

    def test_what_is_right_passes_with_one_line(self):
        with redirect_stdout(io.StringIO()) as said:
            summary = self.explore()
        self.assertGreater(summary["checked"], 5)
        self.assertRegex(said.getvalue(), r"^crash-safe: \d+ states checked, none failed, .*\n$")

    def test_the_planted_bug_is_found(self):
        os.environ["STORE_BUG"] = "1"
        try:
            with self.assertRaises(crashinject.CrashFound) as found:
                self.explore()
        finally:
            del os.environ["STORE_BUG"]
        self.assertIn("repair: fsync of value.new before rename", str(found.exception))
        self.assertIn("replay: crashinject replay ", str(found.exception))

    def test_what_cannot_be_explored_is_an_error(self):
        with self.assertRaises(RuntimeError):
            crashinject.explore(["/nonexistent"], "true")
        with self.assertRaises(crashinject.Incomplete):
            crashinject.explore("echo x >$CRASH_DIR/f; exit 1", "true")


def save(values, directory, sync=True):
    os.chdir(directory)
    for value in values:
        with open("value.new", "w") as file:
            file.write(value)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.rename("value.new", "value")
        fd = os.open(".", os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
        crashinject.ack(value)


save_safely = functools.partial(save, "12")
save_carelessly = functools.partial(save, "12", sync=False)


def look(state):
    if state.acks:
        with open("value", encoding="latin-1") as file:
            there = file.read()
        assert there in ("1", "2")
        if there < state.acks[-1]:
            raise crashinject.Lost("acknowledged %s, there is %s" % (state.acks[-1], there))


def refuse(state):
    raise ValueError("never right")


class Functions(unittest.TestCase):
    def setUp(self):
        self.before, self.place = tempfile.tempdir, tempfile.mkdtemp()
        tempfile.tempdir = self.place

    def tearDown(self):
        tempfile.tempdir = self.before
        shutil.rmtree(self.place)

    def test_what_is_right_passes_and_leaves_nothing(self):
        self.assertGreater(crashinject.explore(save_safely, look, models="posix")["checked"], 5)
        self.assertEqual(os.listdir(self.place), [])

    def test_what_is_wrong_is_found_and_kept(self):
        with self.assertRaises(crashinject.CrashFound) as found:
            crashinject.explore(save_carelessly, look, models=["posix"])
        text = str(found.exception)
        self.assertIn("repair: fsync of value.new before rename", text)
        self.assertRegex(text, r"the check said: AssertionError \(test_crashinject.py:\d+: assert there in")
        kept, = os.listdir(self.place)
        self.assertTrue(text.endswith("the result is in " + os.path.join(self.place, kept)), text)

    def test_a_check_that_refuses_everything_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, "never right"):
            crashinject.explore(save_safely, refuse)
        self.assertEqual(os.listdir(self.place), [])

    def test_only_what_another_process_finds_can_be_called(self):
        with self.assertRaisesRegex(TypeError, "workload.*at the top of a module"):
            crashinject.explore(lambda directory: None, look)


if __name__ == "__main__":
    unittest.main()
