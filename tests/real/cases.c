/* SPDX-License-Identifier: MIT */
#include "tests/real/cases.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A splice() that waits for its pipe is left to the process, and so is a write that meets its size limit. */
#define UNSEEN "result-unknown"

/* One of our programs, dynamic and static. */
#define QUIET(program, lines, ...)                                                                           \
	{.name = #program, .run = "exec $PROGRAMS/quiet_" #program, .least = lines, __VA_ARGS__},            \
	{                                                                                                    \
		.name = #program "-static", .run = "exec $PROGRAMS/quiet_" #program "_static",               \
		.least = lines, __VA_ARGS__                                                                  \
	}

#define SANDBOX(kind, ...)                                                                                   \
	{.name = "seccomp-" kind, .run = "exec $PROGRAMS/quiet_seccomp " kind, .least = 1, __VA_ARGS__},     \
	{                                                                                                    \
		.name = "seccomp-" kind "-static", .run = "exec $PROGRAMS/quiet_seccomp_static " kind,       \
		.least = 1, __VA_ARGS__                                                                      \
	}

/* One of them under a sanitizer. */
#define SANITIZED(program, sanitizer, lines, ...)                                                            \
	{                                                                                                    \
		.name = #program "-" sanitizer, .needs = "gcc",                                              \
		.build = "gcc -w -g -D_GNU_SOURCE -I$SRCDIR -fsanitize=" sanitizer " -o $BUILT/" #program    \
			 "-" sanitizer " $SRCDIR/tests/programs/quiet_" #program ".c -lpthread",             \
		.run = "export ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_abort=0; exec "             \
		       "$BUILT/" #program "-" sanitizer,                                                     \
		.least = lines, __VA_ARGS__                                                                  \
	}

/* A module of CPython's own tests. */
#define PYTHON(module, lines, ...)                                                                           \
	{                                                                                                    \
		.name = "python-" module, .needs = "python3", .file = "/usr/lib/python3.11/test/test_os.py", \
		.run = "/usr/bin/python3 $SRCDIR/tests/real/methods.py results test_" module                 \
		       " > log 2>&1 < /dev/null; "                                                           \
		       "cat results || tail -20 log",                                                        \
		.least = lines, .is_suite = true, .recorded_only = true, __VA_ARGS__                         \
	}

/* Tests of a Go package that Debian ships as source. */
#define GO(package, binary, lines, ...)                                                                      \
	{                                                                                                    \
		.name = "go-" binary, .needs = "go",                                                         \
		.build = "cd $BUILT && HOME=$BUILT GO111MODULE=off GOPATH=/usr/share/gocode "                \
			 "GOCACHE=$BUILT/cache "                                                             \
			 "CGO_ENABLED=0 go test -c -o " binary ".test " package,                             \
		.run = "export TMPDIR=$PWD/tmp GOROOT=$(go env GOROOT); d=$(GO111MODULE=off "                \
		       "GOPATH=/usr/share/gocode GOCACHE=$BUILT/cache "                                      \
		       "go list -f '{{.Dir}}' " package "); cd $d; "                                         \
		       "$BUILT/" binary ".test -test.v -test.short 2>/dev/null < /dev/null | "               \
		       "sed -n 's/^ *--- \\([A-Z]*: [^ ]*\\) .*/\\1/p' | sort",                              \
		.least = lines, .is_suite = true, .is_long = true, __VA_ARGS__                               \
	}

const struct quiet_case quiet_cases[] = {
	QUIET(cancel, 100, .incomplete = UNSEEN),
	QUIET(files, 200, .random = NAMES("temp??????"), .incomplete = "result-unknown"),
	QUIET(signals, 40, .incomplete = UNSEEN),
	QUIET(processes, 25),
	SANDBOX("strict"),
	SANDBOX("few"),
	SANDBOX("errno"),
	SANDBOX("trap"),
	SANITIZED(files, "address", 200),
	SANITIZED(processes, "address", 25),
	SANITIZED(cancel, "thread", 100),
	SANITIZED(signals, "thread", 40, .incomplete = UNSEEN),
	{.name = "gdb",
	 .needs = "gdb gcc",
	 .build = "gcc -w -g -O0 -D_GNU_SOURCE -I$SRCDIR -o $BUILT/debugged "
		  "$SRCDIR/tests/programs/quiet_files.c",
	 .run = "HOME=/nonexistent exec gdb -nx -q -batch -ex 'set startup-with-shell off' -ex 'handle "
		"SIGPIPE nostop noprint' -ex 'break quiet_files.c:appends' "
		"-ex run -ex 'finish' -ex 'backtrace' -ex 'next' -ex 'continue' $BUILT/debugged < /dev/null "
		"2>&1 | "
		"grep -v -e '^\\[' -e '0x' -e '^warning' -e thread_db -e '^Using host'",
	 .least = 200},

	PYTHON("os", 250),
	PYTHON("posix", 100),
	PYTHON("tempfile", 80),
	PYTHON("shutil", 100),
	PYTHON("mmap", 30),
	PYTHON("fileio", 60),
	PYTHON("thread", 15),
	PYTHON("file", 20),
	PYTHON("popen", 3),
	PYTHON("resource", 5),

	PYTHON("pty", 3, .is_long = true),
	PYTHON("bufio", 3, .is_long = true),
	PYTHON("fcntl", 5, .is_long = true),
	PYTHON("glob", 10, .is_long = true),
	PYTHON("posixpath", 50, .is_long = true),
	PYTHON("fileinput", 40, .is_long = true),
	PYTHON("shelve", 100, .is_long = true),
	PYTHON("gzip", 40, .is_long = true),
	PYTHON("dbm", 10, .is_long = true),
	PYTHON("syslog", 3, .is_long = true),
	PYTHON("io", 400, .is_long = true),
	PYTHON("subprocess", 200, .is_long = true),
	PYTHON("signal", 30, .is_long = true),
	PYTHON("threading", 100, .is_long = true),
	PYTHON("largefile", 10, .is_long = true),
	PYTHON("pathlib", 300, .is_long = true),
	PYTHON("fork1", 3, .is_long = true),
	PYTHON("wait3", 2, .is_long = true),
	PYTHON("wait4", 2, .is_long = true),
	PYTHON("threadsignals", 4, .is_long = true),
	PYTHON("eintr", 1, .is_long = true),
	PYTHON("file_eintr", 10, .is_long = true),
	PYTHON("selectors", 60, .is_long = true),
	PYTHON("mailbox", 200, .is_long = true),
	PYTHON("zipfile", 200, .is_long = true),
	PYTHON("tarfile", 400, .is_long = true),
	PYTHON("faulthandler", 30, .is_long = true),
	PYTHON("logging", 150, .is_long = true),
	PYTHON("venv", 15, .is_long = true),
	PYTHON("compileall", 80, .is_long = true),

	GO("os", "os", 100),
	GO("os/exec", "exec", 20),
	GO("os/signal", "signal", 3),
	GO("io/ioutil", "ioutil", 5),
	GO("syscall", "syscall", 10),
	GO("github.com/boltdb/bolt", "bolt", 100),
	GO("github.com/syndtr/goleveldb/leveldb/storage", "leveldb-storage", 3),
};

const size_t quiet_case_count = sizeof quiet_cases / sizeof *quiet_cases;
