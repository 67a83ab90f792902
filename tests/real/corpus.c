/* SPDX-License-Identifier: MIT */
#include "tests/real/corpus.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What real_calls.c does not name itself. */
#define NAMELESS NAMES("a??????", "d??????", "#*")

/* Whether git status writes the index depends on the second in which files were written. */
#define GIT                                                                                                  \
	"export GIT_OPTIONAL_LOCKS=0; "                                                                      \
	"export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b "        \
	"GIT_AUTHOR_DATE='2001-01-01 00:00:00 +0000' GIT_COMMITTER_DATE='2001-01-01 00:00:00 +0000' "        \
	"GIT_CONFIG_NOSYSTEM=1; "

/* A tree of files and directories to work on. */
#define TREE                                                                                                 \
	"mkdir -p tree/a/b tree/c; for i in 1 2 3 4 5; do seq $i 2000 > tree/a/$i; "                         \
	"seq $i 99 > tree/a/b/$i; done; ln -s 1 tree/a/link; ln tree/a/1 tree/c/hard; "                      \
	"truncate -s 1M tree/c/sparse; printf end >> tree/c/sparse; "                                        \
	"find tree -exec touch -h -d 2001-01-01 {} +; "

#define SQL                                                                                                  \
	"create table t(a integer primary key, b text); insert into t(b) values('one'),('two'); "            \
	"begin; insert into t(b) select b||a from t; update t set b=b||b; commit; "                          \
	"with recursive c(i) as (select 1 union all select i+1 from c where i<500) "                         \
	"insert into t(b) select hex(i*7919) from c; delete from t where a%3=0; vacuum; "                    \
	"create index i on t(b); pragma integrity_check; select count(*) from t;"

const struct workload corpus[] = {
	{"sqlite-delete", "sqlite3", .run = "sqlite3 t.db \"pragma journal_mode=delete; " SQL "\""},
	{"sqlite-truncate", "sqlite3", .run = "sqlite3 t.db \"pragma journal_mode=truncate; " SQL "\""},
	{"sqlite-persist", "sqlite3", .run = "sqlite3 t.db \"pragma journal_mode=persist; " SQL "\""},
	{"sqlite-wal", "sqlite3", .run = "sqlite3 t.db \"pragma journal_mode=wal; " SQL "\""},

	{"git", "git", .prepare = TREE,
	 .random = NAMES("tmp_obj_??????", "tmp_idx_??????", "tmp_pack_??????", "tmp_rev_??????",
			 ".tmp-*-pack-*", "t??????"),
	 .run = GIT
	 "git init -q . && git add . && git commit -qm one && echo more >> tree/a/1 && git commit -qam two "
	 "&& "
	 "git checkout -q -b other HEAD~ && git rm -q tree/a/2 && git commit -qm three && git tag t && "
	 "git stash list; git status --short; git log --oneline"},
	{"git-gc", "git",
	 .prepare = TREE GIT
	 "git init -q . && git add . && git commit -qm one && echo more >> tree/a/1 && git commit -qam two",
	 .random = NAMES("tmp_obj_??????", "tmp_idx_??????", "tmp_pack_??????", "tmp_rev_??????",
			 "tmp_mtimes_??????", ".tmp-*-pack*", "bitmap-ref-tips-*", "tmp_graph_*",
			 "graph-*.graph", "refs_??????", "packs_??????"),
	 .run = GIT "git -c gc.pruneExpire=now -c pack.threads=1 gc -q", .sizes_vary = true},

	{"gzip", "gzip", .prepare = TREE,
	 .run = "gzip -n tree/a/1 -f; gzip -nk tree/a/2; gzip -d tree/a/2.gz -f; gunzip -k tree/a/1.gz; gzip "
		"none"},
	{"xz", "xz bzip2", .prepare = TREE,
	 .run = "xz tree/a/3; xz -d tree/a/3.xz; bzip2 tree/a/4; bunzip2 tree/a/4.bz2"},
	{"tar", "tar", .prepare = TREE,
	 .run = "tar -cf t.tar tree; tar -czf t.tgz tree; mkdir x y; tar -xf t.tar -C x; tar -xzpf t.tgz -C "
		"y; tar --delete -f t.tar tree/a/2; tar -rf t.tar tree/a/2"},
	/* the blocks of what it reads are to be there, see sandbox_settle() */
	{"cp", "cp sync", .prepare = TREE,
	 .run = "cp tree/a/1 one; sync -d one; cp one tree/a/2; sync -d tree/a/2; cp -r tree t2; cp -a tree "
		"t3; cp --reflink=auto tree/a/3 r; "
		"cp --sparse=always tree/c/sparse s; cp --remove-destination one r; cp -l one l; cp -s one "
		"sym; cp one nowhere/x"},
	{"mv", "mv", .prepare = TREE,
	 .run = "mv tree/a/1 one; mv one tree/a/2; mv -n tree/a/3 tree/a/4; mv tree t2; mv none t2"},
	{"mv-elsewhere", "mv", .prepare = TREE, .random = NAMES("crash-mv-??????"),
	 .run = "d=$(mktemp -d /dev/shm/crash-mv-XXXXXX); cp -r tree $d/; mv $d/tree moved; mv tree/a/1 $d/; "
		"mv $d/1 tree/a/; rm -r $d"},
	{"rm", "rm", .prepare = TREE, .run = "rm -r tree/a; rm -f none; rmdir tree; rm -rf tree; rm none"},
	{"sort", "sort", .prepare = TREE "seq 200000 > big", .random = NAMES("sort??????"),
	 .run = "sort -rn -o tree/a/1 tree/a/1; sort -S 100k --parallel=1 -R --random-source=/bin/sh -T tmp "
		"-o big big"},
	{"sed", "sed", .prepare = TREE, .random = NAMES("sed??????"),
	 .run = "sed -i s/1/one/ tree/a/1; sed -i.bak -e 's/2/two/w written' tree/a/2; sed -i "
		"--follow-symlinks 1d tree/a/link; sed -i 1d none"},
	{"dpkg-deb", "dpkg-deb",
	 .prepare = TREE
	 "mkdir tree/DEBIAN; printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: m "
	 "<m@m>\\nDescription: d\\n' > tree/DEBIAN/control; find tree -exec touch -h -d 2001-01-01 {} +",
	 .random = NAMES("dpkg-deb.??????"), .unordered = true,
	 .run = "export SOURCE_DATE_EPOCH=1000000000; dpkg-deb --root-owner-group -Zgzip -b tree p.deb; "
		"dpkg-deb -x p.deb out; dpkg-deb -e p.deb ctl; dpkg-deb -I p.deb"},

	{"python", "python3", .random = NAMES("tmp????????", "tmp_*", "????????", "#*"),
	 .run = "exec /usr/bin/python3 - <<'END'\n"
		"import os, tempfile, shutil, subprocess, pathlib, mmap, sqlite3, zipfile\n"
		"open('a', 'w').write('x' * 100000)\n"
		"with open('b', 'wb', buffering=0) as f:\n"
		"    f.write(b'one'); f.write(b'two'); f.truncate(2); os.fsync(f.fileno())\n"
		"os.replace('a', 'c')\n"
		"with tempfile.NamedTemporaryFile() as f: f.write(b'temporary'); f.flush()\n"
		"with tempfile.TemporaryFile() as f: f.write(b'temporary'); f.flush()\n"
		"with tempfile.TemporaryDirectory() as d: pathlib.Path(d, 'in').write_text('text')\n"
		"os.makedirs('d/e/f', exist_ok=True); os.makedirs('d/e/f', exist_ok=True)\n"
		"shutil.copy2('c', 'd/e'); shutil.copytree('d', 'd2'); shutil.move('d2', 'd3'); "
		"shutil.rmtree('d3')\n"
		"subprocess.run(['echo', 'out'], stdout=open('out', 'w'))\n"
		"subprocess.run('echo shell; echo err >&2; exit 3', shell=True, stdout=open('out', 'a'), "
		"stderr=subprocess.STDOUT, env={})\n"
		"subprocess.run(['sh', '-c', 'cat > fed'], input=b'fed', close_fds=True, "
		"start_new_session=True, preexec_fn=lambda: None)\n"
		"os.system('echo system > system')\n"
		"os.posix_spawn('/bin/sh', ['sh', '-c', 'echo spawned'], {}, "
		"file_actions=[(os.POSIX_SPAWN_OPEN, 1, 'spawned', os.O_WRONLY|os.O_CREAT, 0o600)])\n"
		"os.wait()\n"
		"fd = os.open('low', os.O_RDWR | os.O_CREAT, 0o600)\n"
		"os.pwrite(fd, b'abc', 10); os.writev(fd, [b'x', b'yz']); os.posix_fallocate(fd, 0, 5000); "
		"os.fchmod(fd, 0o644)\n"
		"os.sendfile(fd, os.open('c', os.O_RDONLY), 0, 1000); os.copy_file_range(os.open('c', "
		"os.O_RDONLY), fd, 100); os.utime('low', (1, 2))\n"
		"os.link('low', 'low2'); os.symlink('low', 'low3'); os.setxattr('low', 'user.x', b'1'); "
		"os.rename('low2', 'low4'); os.unlink('low4')\n"
		"db = sqlite3.connect('t.db'); db.execute('create table t(a)'); db.executemany('insert into "
		"t values(?)', [(i,) for i in range(100)]); db.commit()\n"
		"with zipfile.ZipFile('z.zip', 'w') as z: z.write('c'); z.writestr('s', 'text')\n"
		"zipfile.ZipFile('z.zip').extractall('unzipped')\n"
		"if os.fork() == 0:\n"
		"    open('child', 'w').write('child'); os._exit(0)\n"
		"os.wait()\n"
		"try: open('nowhere/x', 'w')\n"
		"except OSError as e: print(e)\n"
		"END"},
	{"perl", "perl", .random = NAMES("??????????", "XX??????"), .prepare = "seq 100 > in",
	 .run = "perl -MFile::Temp=tempfile -MFile::Copy -MFile::Path=make_path,remove_tree -e '"
		"open(F, \">\", \"a\"); print F \"x\" x 20000; close F; open(F, \">>\", \"a\"); $|=1; print "
		"F \"more\"; close F; "
		"rename(\"a\", \"b\"); copy(\"b\", \"c\"); move(\"c\", \"d\"); make_path(\"p/q/r\"); "
		"remove_tree(\"p\"); "
		"system(\"echo system > s\"); open(P, \"| cat > piped\"); print P \"piped\"; close P; print "
		"`echo back; touch ticks`; "
		"symlink(\"b\", \"l\"); link(\"b\", \"h\"); unlink(\"h\"); chmod(0600, \"b\"); utime(1, 2, "
		"\"b\"); mkdir(\"m\"); rmdir(\"m\"); truncate(\"b\", 5); "
		"my ($fh, $name) = tempfile(DIR => \".\"); print $fh \"temporary\"; close $fh; unlink $name; "
		"{ local ($^I, @ARGV) = (\".bak\", \"in\"); while (<>) { s/1/one/; print } } if (!fork) { "
		"open(F, \">child\"); print F 1; close F; exit } wait; '"},
	{"bash", "bash", .prepare = "seq 50 > in", .random = NAMES("sh-thd.??????"),
	 .run = "exec bash -c '"
		"echo one > a; echo two >> a; cat <<END > here\nsome text\n$(seq 30000)\nEND\n"
		"cat <<< string > string; exec 5> five; echo five >&5; exec 5>&-; { echo g; echo h >&2; } > "
		"out 2> err; "
		"echo both &> both; echo more &>> both; set -C; echo no > a; echo yes >| a; set +C; "
		"while read x; do echo \"$x\"; done < in > loop; (cd tmp; echo sub > ../sub; echo in > in); "
		"tee >(cat > process) < in > teed; : > empty; printf p >> empty; mkdir d && cd d && echo d > "
		"d; cd ..; "
		"coproc cat > co; echo co >&${COPROC[1]}; exec {COPROC[1]}>&-; wait; echo x > nowhere/y; "
		"exec > last; echo last'",
	 .unordered = true},
	{"dash", "dash", .prepare = "seq 50 > in",
	 .run = "exec dash -c 'echo one > a; echo two >> a; cat <<END > here\nsome text\nEND\n"
		"{ echo g; echo h >&2; } > out 2> err; (cd tmp; echo sub > ../sub); : > empty; echo x > "
		"nowhere/y; "
		"while read x; do echo \"$x\"; done < in > loop; (echo bg > bg) & wait; exec 5> five; echo "
		"five >&5; exec > last; echo last'"},
	{"env", "env",
	 .run = "env -i sh -c 'echo a > a; env -i /bin/sh -c \"echo b > b; mv b c\"; mkdir d'; env -u "
		"LD_PRELOAD -u CRASH_CONTROL sh -c 'echo u > u'; "
		"(exec env -i PATH=/bin sh -c 'unset LD_PRELOAD; echo e > e; sh -c \"echo f > f\"')"},
	{"exec-c", "bash",
	 .run = "bash -c 'exec -c /bin/sh -c \"echo x > x; /bin/ln -s x y\"'; bash -c '(exec -c -l /bin/bash "
		"-c \"echo z > z; exec -c /bin/touch t\")'"},

	{"calls", .random = NAMELESS, .run = "exec $PROGRAMS/real_calls"},
	{"calls-static", .random = NAMELESS, .run = "exec $PROGRAMS/real_calls_static"},
	{"calls-musl", "musl-gcc",
	 .build = "musl-gcc -D_GNU_SOURCE -O2 -o $BUILT/calls-musl $SRCDIR/tests/programs/real_calls.c",
	 .random = NAMELESS, .run = "exec $BUILT/calls-musl"},
	{"calls-musl-static", "musl-gcc",
	 .build = "musl-gcc -static -D_GNU_SOURCE -O2 -o $BUILT/calls-musl-static "
		  "$SRCDIR/tests/programs/real_calls.c",
	 .random = NAMELESS, .run = "exec $BUILT/calls-musl-static"},
	{"static-to-dynamic", .random = NAMELESS,
	 .run = "exec $PROGRAMS/real_calls_static env -i /bin/sh -c 'echo dynamic > dynamic; mv dynamic d2'"},
	{"dynamic-to-static", .random = NAMELESS,
	 .run = "$PROGRAMS/real_forks vfork; env -i $PROGRAMS/real_calls_static $PROGRAMS/real_forks clear"},
	{"copies", .run = "exec $PROGRAMS/copies"},
	{"copies-static", .run = "exec $PROGRAMS/copies_static"},
	{"stream", .run = "exec $PROGRAMS/real_stream"},
	{"go", "go",
	 .build = "cd $BUILT && HOME=$BUILT GOFLAGS=-mod=mod GO111MODULE=off GOCACHE=$BUILT/cache "
		  "CGO_ENABLED=0 go build -o gofiles $SRCDIR/tests/programs/real_go.go",
	 .random = NAMES("temp-*"), .run = "exec $BUILT/gofiles", .unordered = true},

	{"threads", .run = "exec $PROGRAMS/real_threads"},
	{"threads-static", .run = "exec $PROGRAMS/real_threads_static"},
	{"forks", .unordered = true, .run = "exec $PROGRAMS/real_forks fork"},
	{"forks-static", .unordered = true, .run = "exec $PROGRAMS/real_forks_static fork"},
	{"vfork", .run = "exec $PROGRAMS/real_forks vfork"},
	{"spawn", .run = "exec $PROGRAMS/real_forks spawn"},
	{"spawn-static", .run = "exec $PROGRAMS/real_forks_static spawn"},
	{"clone", .run = "exec $PROGRAMS/real_forks clone"},
	{"clear", .run = "exec $PROGRAMS/real_forks clear"},
	{"clear-static", .run = "exec $PROGRAMS/real_forks_static clear"},
	{"midst", .run = "exec $PROGRAMS/real_forks midst"},
	{"daemon-loop", .run = "exec $PROGRAMS/real_forks daemon loop"},
	{"daemon-range", .run = "exec $PROGRAMS/real_forks daemon range"},
	{"daemon-from", .run = "exec $PROGRAMS/real_forks daemon from"},
	{"daemon-static", .run = "exec $PROGRAMS/real_forks_static daemon loop"},
	{"append", .unordered = true, .run = "exec $PROGRAMS/real_append"},
	{"append-static", .unordered = true, .run = "exec $PROGRAMS/real_append_static"},
	{"append-shell", "seq cat", .unordered = true, .prepare = "seq 3000 > in",
	 .run = "for i in 1 2 3 4; do cat in >> log & seq 500 >> log & done; wait; wc -l log"},

	{"lmdb", "mdb_load mdb_dump mdb_copy",
	 .prepare = "for i in $(seq 300); do echo key-$i; seq -s' ' $i; done > in",
	 .run = "mdb_load -T -n -f in a.mdb; mkdir env; mdb_load -T -f in env; mdb_copy env tmp; mdb_dump -n "
		"a.mdb | tail -1"},
	{"gdbm", "gdbmtool",
	 .run = "gdbmtool -n t.gdbm store a one \\; store b two \\; store c three \\; delete a \\; "
		"reorganize \\; sync \\; list",
	 .random = NAMES("#*#", "*.??????")},
	{"dd", "dd", .prepare = "seq 20000 > in",
	 .run = "dd if=in of=a bs=4k conv=fsync status=none; dd if=in of=b bs=8k oflag=dsync status=none; dd "
		"if=in of=c bs=4k count=8 oflag=direct status=none; "
		"dd if=in of=a bs=1k seek=3 count=2 conv=notrunc,fdatasync status=none; dd if=in of=a "
		"oflag=append conv=notrunc bs=1k count=1 status=none; "
		"dd if=in of=s bs=1k oflag=sync count=3 status=none; dd if=/dev/zero of=z bs=4k count=4 "
		"conv=sparse status=none; dd if=in of=nowhere/x status=none"},
	{"sizes", "fallocate truncate", .prepare = "seq 3000 > in",
	 .run = "fallocate -l 1M a; fallocate -p -o 4096 -l 8192 a; fallocate -z -o 0 -l 4096 a; fallocate "
		"-d in; truncate -s 10 in; truncate -s +5K in; truncate -s 1G big; "
		"truncate -s 3 new; fallocate -x -l 5000 p; truncate -c -s 1 none; truncate -s 4 tmp"},
	{"attributes", "setfattr touch", .prepare = TREE,
	 .run = "setfattr -n user.a -v 1 tree/a/1; setfattr -x user.a tree/a/1; setfattr -h -n user.x -v 1 "
		"tree/a/link; touch new tree/a/1; touch -d 2001-01-01 tree/a/2; "
		"touch -h tree/a/link; touch -c none; chmod 600 tree/a/1; chmod -R go-rwx tree; chmod +x "
		"none; chown -R $(id -u):$(id -g) tree; chown -h $(id -u) tree/a/link; chgrp $(id -g) "
		"tree/a/1"},
	{"links", "ln install", .prepare = TREE,
	 .run = "ln tree/a/1 one; ln -s one two; ln -sf three two; ln one one; ln -s one nowhere/x; install "
		"-m 755 tree/a/1 installed; install -d x/y/z; "
		"install -D -t deep/er tree/a/1 tree/a/2; install -b tree/a/2 installed; mkfifo pipe; mknod "
		"node p; mktemp tmp/xXXXXXX >/dev/null; mktemp -d tmp/dXXXXXX >/dev/null; link one linked; "
		"unlink linked",
	 .random = NAMES("x??????", "d??????", "Cu??????")},
	{"patch", "patch diff",
	 .prepare = "seq 100 > a; sed 's/5/five/; 70,75d' a > b; diff -u a b > p; diff -u a b | sed 's/^ 9$/ "
		    "nine/' > q",
	 .random = NAMES("a.???????", "*.o??????", "out.???????", "po??????", "b.???????"),
	 .run = "patch a < p; patch -R -b a < p; patch a < p; patch a < q; patch -o out b < q; patch -R "
		"--dry-run a < p"},
	{"editors", "ed", .prepare = "seq 100 > a",
	 .run = "printf '1d\\n$a\\nend\\n.\\nw\\n1,5w b\\nW b\\nq\\n' | ed -s a"},
	{"ex", "ex", .prepare = "seq 100 > a", .random = NAMES("v*"),
	 .run = "ex -n -u NONE -s a -c '1d|$s/$/end/|w|q'; ex -u NONE -s a -c '2d|wq'; ex -u NONE -s none -c "
		"'wq'"},
	{"make", "make",
	 .prepare = "printf 'all: a b c\\na: in\\n\\tcp in a\\nb: a\\n\\tsort a > b\\n\\techo b >> $@\\nc:; "
		    "false\\n%%.x: in\\n\\tcp $< $@\\nd: q.x\\n\\ttouch d\\n.INTERMEDIATE: q.x\\n' > "
		    "Makefile; seq 10 > in",
	 .run = "make -k; make -j2 d; make -t a; echo 'x:; $(file >f,text) echo' > m; make -f m -Otarget -j2",
	 .random = NAMES("GmXXXXXX", "Gm??????", "GMfifo*", "#*")},
	{"gcc", "gcc",
	 .prepare = "printf '#include <stdio.h>\\nint main(void) { puts(\"hi\"); return 0; }\\n' > a.c",
	 .random = NAMES("cc??????.*", "cc??????", "st??????"),
	 .run = "gcc -c a.c; gcc -O2 -g -o a a.o; gcc -save-temps -c a.c -o b.o; ar rc lib.a a.o b.o; ranlib "
		"lib.a; strip a -o stripped; strip -g a; objcopy --only-keep-debug b.o b.dbg; gcc -c none.c",
	 .unordered = true},
	{"zip", "zip unzip", .prepare = TREE, .random = NAMES("zi??????"),
	 .run = "zip -qr t.zip tree; zip -qd t.zip tree/a/2; zip -qm t.zip tree/a/3; unzip -q t.zip -d out; "
		"unzip -qo t.zip -d out"},
	{"busybox", "busybox", .prepare = TREE,
	 .run = "busybox sh -c 'cp -r tree t2; mv t2 t3; tar cf t.tar tree; mkdir x; tar xf t.tar -C x; gzip "
		"t.tar; sed -i s/1/one/ tree/a/1; dd if=tree/a/2 of=dd conv=fsync bs=512; "
		"ln -s a b; touch t; chmod 600 t; rm -r t3; awk \"BEGIN { print 1 > \\\"awk\\\" }\"; sort -o "
		"s tree/a/1; truncate -s 5 s; echo >> t; install -D t i/t; fsync t; sync t'",
	 .random = NAMES("1??????")},
	{"awk", "gawk", .prepare = "seq 300 > in",
	 .run = "gawk '{ print > (\"out-\" $1 % 3) } END { close(\"out-1\"); print \"again\" >> \"out-1\"; "
		"print \"p\" | \"cat > piped\"; close(\"cat > piped\"); fflush(); system(\"echo > sys\") }' "
		"in"},
	{"lua", "lua5.4", .random = NAMES("lua_??????"),
	 .run = "lua5.4 -e 'local f = io.open(\"a\", \"w\"); f:setvbuf(\"no\"); f:write(1, 2, \"x\"); "
		"f:seek(\"set\", 1); f:write(\"y\"); f:close(); os.rename(\"a\", \"b\"); "
		"io.popen(\"cat > p\", \"w\"):write(\"z\"); local t = io.tmpfile(); t:write(\"t\"); "
		"t:close(); os.execute(\"mkdir d\"); os.remove(\"d\"); os.remove(\"none\")'"},
	{"tcl", "tclsh", .random = NAMES("tcl_*"),
	 .run = "printf 'set f [open a w]; puts $f [string repeat x 9999]; close $f; file rename a b; file "
		"copy b c; file mkdir d/e; file delete -force d; exec sh -c \"echo e\" > e; set f [open "
		"|{cat > p} w]; puts $f p; close $f; file attributes b -permissions 0600; file mtime b 5; "
		"file link -symbolic l b; close [file tempfile n t]; file delete $n' > s.tcl; tclsh s.tcl"},

	{"etcd", "etcd timeout", .random = NAMES("*.tmp", "0*.wal", "*.snap"), .counts_vary = true,
	 .sizes_vary = true, .output_varies = true, .tree_varies = true,
	 .run = "timeout -s TERM 6 etcd --data-dir d --listen-client-urls unix://c.sock:1 "
		"--advertise-client-urls http://127.0.0.1:1 --listen-peer-urls unix://p.sock:2 "
		"--initial-advertise-peer-urls http://127.0.0.1:2 --initial-cluster "
		"default=http://127.0.0.1:2 --unsafe-no-fsync=false >/dev/null 2>&1; true",
	 .is_long = true},
	{"redis", "redis-server redis-cli", .random = NAMES("temp-*.rdb", "temp-*.aof", "temp-*"),
	 .unordered = true, .sizes_vary = true, .output_varies = true,
	 .run = "redis-server --port 0 --unixsocket $PWD/s --appendonly yes --appendfsync always --save '' "
		"--daemonize no >/dev/null & "
		"for i in $(seq 100); do [ -S s ] && break; sleep 0.1; done; for i in 1 2 3 4 5; do "
		"redis-cli -s s set k$i v$i; done; redis-cli -s s save; redis-cli -s s bgrewriteaof; sleep "
		"1; "
		"redis-cli -s s shutdown nosave; wait"},
	{"other-user", "setpriv", .needs_root = true, .random = NAMELESS,
	 .prepare = "echo mine > mine; echo closed > closed; chmod 600 closed; mkdir shut; chmod 700 shut; "
		    "chmod 777 . tmp",
	 .run = "setpriv --reuid=65534 --regid=65533 --clear-groups sh -c 'echo a > a; chmod 600 a; chown "
		"0:0 a; chown :65533 a; chmod 777 mine; "
		"touch mine; echo >> closed; mkdir shut/d; rm -f mine; mv a b; ln -s b l; umask 077; mkdir "
		"m; echo > m/f; setfattr -n user.x -v y b; "
		"exec $PROGRAMS/real_calls_static $PROGRAMS/real_forks clear'"},
	{"initdb", "initdb setpriv", .random = NAMES("PostgreSQL.*", "pgsql_tmp*", "xlogtemp.*"),
	 .unordered = true, .sizes_vary = true, .prepare = "chmod 777 . tmp",
	 .run = "if [ $(id -u) = 0 ]; then set -- setpriv --reuid=postgres --regid=postgres --clear-groups; "
		"fi; "
		"\"$@\" /usr/lib/postgresql/15/bin/initdb -D $PWD/d -A trust -N --no-instructions"},
};

const size_t corpus_count = sizeof corpus / sizeof *corpus;

bool workload_wanted(const struct workload *workload, const struct sandbox *sandbox, unsigned int seconds)
{
	const char *missing = sandbox_missing(workload->needs), *only = getenv("WORKLOAD");
	char reason[128];

	if (only && *only && strcmp(only, workload->name) != 0)
		return false;
	if (workload->is_long && !getenv("CRASHINJECT_LONG")) {
		sandbox_skip(workload->name, "long; set CRASHINJECT_LONG=1");
		return false;
	}
	if (missing) {
		sandbox_skip(workload->name, "%s is not installed", missing);
		return false;
	}
	if (workload->needs_root && geteuid() != 0) {
		sandbox_skip(workload->name, "only root can start programs as other users");
		return false;
	}
	snprintf(reason, sizeof reason, "build-%s.out", workload->name);
	if (workload->build &&
	    sandbox_script(sandbox, workload->build, sandbox_path(sandbox, reason), seconds) != 0) {
		sandbox_skip(workload->name, "cannot be built: %.300s",
			     sandbox_read(sandbox_path(sandbox, reason), NULL));
		return false;
	}
	return true;
}

void workload_prepare(const struct workload *workload, const struct sandbox *sandbox, unsigned int seconds)
{
	const char *output = sandbox_path(sandbox, "prepare.out");

	sandbox_fresh(sandbox);
	if (workload->prepare)
		ck_assert_msg(sandbox_script(sandbox, workload->prepare, output, seconds) == 0,
			      "%s: its preparation failed: %s", workload->name, sandbox_read(output, NULL));
	sandbox_settle(sandbox);
}
