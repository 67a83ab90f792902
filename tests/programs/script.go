// SPDX-License-Identifier: MIT

// script.go - does what a script says, the way Go programs do it: raw system calls from threads that are
// preempted by signals. script.h has the language. Workers are goroutines, each with a thread of its own; ops
// that Go has no way for are passed over.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

const (
	slots       = 8
	maps        = 4
	most        = 1 << 17
	page        = 4096
	pwritev2    = 328
	renameat2   = 316
	copyRange   = 326
	openTmpfile = 0o20200000
	atFdcwd     = -100
	atRemovedir = 0x200
	atFollow    = 0x400
)

type mapping struct {
	at     uintptr
	bytes  int
	offset int64
	look   int
}

type held struct {
	files [slots]int
	maps  [maps]mapping
}

type line struct {
	worker int
	common bool
	route  byte
	place  byte
	op     string
	words  [8]string
}

type actor struct {
	line  *line
	own   held
	held  *held
	bytes []byte
}

var (
	lines  []line
	common held
	turn   sync.Mutex
	wait   sync.WaitGroup
	ops    map[string]func(*actor, []string)
)

func number(word string) int {
	value, _ := strconv.Atoi(word)
	return value
}

func mode(word string) uint32 {
	value, _ := strconv.ParseUint(word, 8, 32)
	return uint32(value)
}

func (a *actor) file(word string) int { return a.held.files[number(word)%slots] }

func (a *actor) keep(word string, fd int, err error) {
	if err != nil || fd < 0 {
		return
	}
	at := &a.held.files[number(word)%slots]
	if *at >= 0 {
		syscall.Close(*at)
	}
	*at = fd
}

func (a *actor) fill(count, seed string) []byte {
	random := uint64(number(seed))
	bytes := a.bytes[:number(count)%(most+1)]
	for i := range bytes {
		random = random*6364136223846793005 + 1442695040888963407
		bytes[i] = byte(random >> 56)
	}
	return bytes
}

func start(bytes []byte) uintptr {
	if len(bytes) == 0 {
		return 0
	}
	return uintptr(unsafe.Pointer(&bytes[0]))
}

// The kernel's call by its number: told to the scheduler, or not.
func (a *actor) raw(nr, x, y, z, u, v, w uintptr) (uintptr, error) {
	var result uintptr
	var errno syscall.Errno

	if a.line.route == 'i' {
		result, _, errno = syscall.RawSyscall6(nr, x, y, z, u, v, w)
	} else {
		result, _, errno = syscall.Syscall6(nr, x, y, z, u, v, w)
	}
	if errno != 0 {
		return result, errno
	}
	return result, nil
}

// A path in the form that the line asks for, and what is to be closed then.
func (a *actor) place(path string) (int, string, func()) {
	if a.line.place == '/' {
		var room [4096]byte
		if n, err := syscall.Getcwd(room[:]); err == nil && n > 0 {
			return atFdcwd, string(room[:n-1]) + "/" + path, func() {}
		}
	}
	if a.line.place == '@' {
		directory, name := ".", path
		if last := strings.LastIndexByte(path, '/'); last >= 0 {
			directory, name = path[:last], path[last+1:]
		}
		fd, err := syscall.Open(directory, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
		if err == nil {
			return fd, name, func() { syscall.Close(fd) }
		}
	}
	return atFdcwd, path, func() {}
}

func flagsOf(letters string) int {
	flags := syscall.O_CLOEXEC | syscall.O_NONBLOCK
	switch {
	case strings.Contains(letters, "r"):
	case strings.Contains(letters, "w"):
		flags |= syscall.O_WRONLY
	default:
		flags |= syscall.O_RDWR
	}
	for _, letter := range letters {
		flags |= map[rune]int{'c': syscall.O_CREAT, 'x': syscall.O_EXCL, 't': syscall.O_TRUNC,
			'a': syscall.O_APPEND, 's': syscall.O_SYNC, 'd': syscall.O_DSYNC, 'o': syscall.O_DIRECT,
			'n': syscall.O_NOFOLLOW}[letter]
	}
	return flags
}

// What would block whoever opens or fills it.
func isFifo(path string) bool {
	status, err := os.Stat(path)
	return err == nil && status.Mode()&os.ModeNamedPipe != 0
}

func words(text string) *byte {
	pointer, _ := syscall.BytePtrFromString(text)
	return pointer
}

// ------------------------------------------------------------------ data

func parts(bytes []byte) []syscall.Iovec {
	cuts := []int{0, len(bytes) / 3, len(bytes)/3 + len(bytes)/2, len(bytes)}
	var list []syscall.Iovec
	for i := 0; i < 3; i++ {
		part := syscall.Iovec{}
		if cuts[i] < len(bytes) {
			part.Base = &bytes[cuts[i]]
		}
		part.SetLen(cuts[i+1] - cuts[i])
		list = append(list, part)
	}
	return list
}

func (a *actor) vector(nr uintptr, w []string, at, flags uintptr) {
	list := parts(a.fill(w[1], w[2]))
	a.raw(nr, uintptr(a.file(w[0])), uintptr(unsafe.Pointer(&list[0])), 3, at, 0, flags)
}

func dataOps() {
	ops["write"] = func(a *actor, w []string) {
		fd, bytes := a.file(w[0]), a.fill(w[1], w[2])
		if a.line.route == 's' {
			syscall.Write(fd, bytes)
		} else {
			a.raw(syscall.SYS_WRITE, uintptr(fd), start(bytes), uintptr(len(bytes)), 0, 0, 0)
		}
	}
	ops["pwrite"] = func(a *actor, w []string) {
		fd, bytes, at := a.file(w[0]), a.fill(w[1], w[2]), number(w[3])
		if a.line.route == 's' {
			syscall.Pwrite(fd, bytes, int64(at))
		} else {
			a.raw(syscall.SYS_PWRITE64, uintptr(fd), start(bytes), uintptr(len(bytes)), uintptr(at), 0, 0)
		}
	}
	ops["writev"] = func(a *actor, w []string) { a.vector(syscall.SYS_WRITEV, w, 0, 0) }
	ops["pwritev"] = func(a *actor, w []string) { a.vector(syscall.SYS_PWRITEV, w, uintptr(number(w[3])), 0) }
	ops["pwritev2"] = func(a *actor, w []string) {
		flags := map[byte]uintptr{'a': 0x10, 's': 0x4, 'd': 0x2}[w[4][0]]
		a.vector(pwritev2, w, uintptr(number(w[3])), flags)
	}
	ops["print"] = func(a *actor, w []string) {
		bytes := a.fill(w[1], w[2])
		fd, err := syscall.Dup(a.file(w[0]))
		var status syscall.Stat_t
		if err != nil {
			return
		}
		if syscall.Fstat(fd, &status) != nil || status.Mode&syscall.S_IFMT == syscall.S_IFIFO {
			syscall.Close(fd)
			return
		}
		syscall.CloseOnExec(fd)
		file := os.NewFile(uintptr(fd), "stream")
		stream := bufio.NewWriterSize(file, 1000)
		stream.Write(bytes)
		fmt.Fprintf(stream, "%s\n", w[2])
		stream.Flush()
		file.Close()
	}
	ops["file"] = func(a *actor, w []string) {
		flags := map[string]int{"w": os.O_WRONLY | os.O_CREATE | os.O_TRUNC, "r+": os.O_RDWR,
			"a":  os.O_WRONLY | os.O_CREATE | os.O_APPEND,
			"wx": os.O_WRONLY | os.O_CREATE | os.O_EXCL}[w[1]]
		bytes := a.fill(w[2], w[3])
		if isFifo(w[0]) {
			return
		}
		if file, err := os.OpenFile(w[0], flags|syscall.O_NONBLOCK, 0666); err == nil {
			file.Write(bytes)
			file.Close()
		}
	}
	ops["seek"] = func(a *actor, w []string) {
		syscall.Seek(a.file(w[0]), int64(number(w[1])), number(w[2]))
	}
	ops["sendfile"] = func(a *actor, w []string) {
		at := int64(number(w[2]))
		where := &at
		if at < 0 {
			where = nil
		}
		syscall.Sendfile(a.file(w[0]), a.file(w[1]), where, number(w[3])%most)
	}
	ops["copy"] = func(a *actor, w []string) {
		out, in := int64(number(w[2])), int64(number(w[3]))
		var to, from unsafe.Pointer
		if out >= 0 {
			to = unsafe.Pointer(&out)
		}
		if in >= 0 {
			from = unsafe.Pointer(&in)
		}
		a.raw(copyRange, uintptr(a.file(w[1])), uintptr(from), uintptr(a.file(w[0])), uintptr(to),
			uintptr(number(w[4])%most), 0)
		runtime.KeepAlive(&out)
		runtime.KeepAlive(&in)
	}
	ops["ftruncate"] = func(a *actor, w []string) { syscall.Ftruncate(a.file(w[0]), int64(number(w[1]))) }
	ops["allocate"] = func(a *actor, w []string) {
		kind, known := map[string]uint32{"plain": 0, "keep": 1, "punch": 3, "zero": 16, "zerokeep": 17,
			"collapse": 8, "insert": 32, "unshare": 64}[w[1]]
		if known {
			syscall.Fallocate(a.file(w[0]), kind, int64(number(w[2])), int64(number(w[3])))
		}
	}
	ops["sync"] = func(a *actor, w []string) {
		if w[1] == "data" {
			syscall.Fdatasync(a.file(w[0]))
		} else if w[1] == "file" {
			syscall.Fsync(a.file(w[0]))
		}
	}
}

// ------------------------------------------------------------------ names

func openOps() {
	ops["open"] = func(a *actor, w []string) {
		at, path, leave := a.place(w[1])
		defer leave()
		fd, err := syscall.Openat(at, path, flagsOf(w[2]), mode(w[3]))
		a.keep(w[0], fd, err)
	}
	ops["creat"] = func(a *actor, w []string) {
		if isFifo(w[1]) {
			return
		}
		fd, err := syscall.Creat(w[1], mode(w[2]))
		a.keep(w[0], fd, err)
	}
	ops["tmpfile"] = func(a *actor, w []string) {
		fd, err := syscall.Open(w[1], openTmpfile|syscall.O_RDWR|syscall.O_CLOEXEC, 0600)
		a.keep(w[0], fd, err)
	}
	ops["reopen"] = func(a *actor, w []string) {
		fd, err := syscall.Open(fmt.Sprintf("/proc/self/fd/%d", a.file(w[1])), flagsOf(w[2]), 0)
		a.keep(w[0], fd, err)
	}
	ops["close"] = func(a *actor, w []string) {
		at := &a.held.files[number(w[0])%slots]
		if *at >= 0 {
			syscall.Close(*at)
		}
		*at = -1
	}
	ops["pass"] = func(a *actor, w []string) {
		fd, err := syscall.Dup(a.file(w[1]))
		a.keep(w[0], fd, err)
	}
}

// A call with two paths.
func (a *actor) both(nr uintptr, x, y string, flags uintptr) {
	from, fromPath, leaveFrom := a.place(x)
	to, toPath, leaveTo := a.place(y)
	first, second := words(fromPath), words(toPath)
	a.raw(nr, uintptr(from), uintptr(unsafe.Pointer(first)), uintptr(to), uintptr(unsafe.Pointer(second)),
		flags, 0)
	runtime.KeepAlive(first)
	runtime.KeepAlive(second)
	leaveFrom()
	leaveTo()
}

// A call with one.
func (a *actor) one(nr uintptr, path string, x, y uintptr) {
	at, text, leave := a.place(path)
	pointer := words(text)
	a.raw(nr, uintptr(at), uintptr(unsafe.Pointer(pointer)), x, y, 0, 0)
	runtime.KeepAlive(pointer)
	leave()
}

func nameOps() {
	ops["rename"] = func(a *actor, w []string) {
		flags := map[byte]uintptr{'e': 2, 'k': 1}[w[2][0]]
		if a.line.route == 's' && a.line.place == '.' && flags == 0 {
			os.Rename(w[0], w[1])
		} else {
			a.both(renameat2, w[0], w[1], flags)
		}
	}
	ops["link"] = func(a *actor, w []string) { a.both(syscall.SYS_LINKAT, w[0], w[1], 0) }
	ops["name"] = func(a *actor, w []string) {
		from, to := words(fmt.Sprintf("/proc/self/fd/%d", a.file(w[0]))), words(w[1])
		here := atFdcwd
		a.raw(syscall.SYS_LINKAT, uintptr(here), uintptr(unsafe.Pointer(from)), uintptr(here),
			uintptr(unsafe.Pointer(to)), atFollow, 0)
		runtime.KeepAlive(from)
		runtime.KeepAlive(to)
	}
	ops["symlink"] = func(a *actor, w []string) { os.Symlink(w[0], w[1]) }
	ops["unlink"] = func(a *actor, w []string) { a.one(syscall.SYS_UNLINKAT, w[0], 0, 0) }
	ops["rmdir"] = func(a *actor, w []string) { a.one(syscall.SYS_UNLINKAT, w[0], atRemovedir, 0) }
	ops["remove"] = func(a *actor, w []string) { os.Remove(w[0]) }
	ops["mkdir"] = func(a *actor, w []string) { a.one(syscall.SYS_MKDIRAT, w[0], uintptr(mode(w[1])), 0) }
	ops["node"] = func(a *actor, w []string) {
		kind := map[string]uintptr{"file": syscall.S_IFREG, "fifo": syscall.S_IFIFO}[w[1]]
		a.one(syscall.SYS_MKNODAT, w[0], kind|0640, 0)
	}
	ops["truncate"] = func(a *actor, w []string) { syscall.Truncate(w[0], int64(number(w[1]))) }
	ops["chmod"] = func(a *actor, w []string) {
		status, err := os.Stat(w[0])
		if err != nil || isFifo(w[0]) {
			return
		}
		value := mode(w[1])
		if status.IsDir() {
			value |= 0700
		}
		a.one(syscall.SYS_FCHMODAT, w[0], uintptr(value), 0)
	}
	ops["fchmod"] = func(a *actor, w []string) {
		var status syscall.Stat_t
		fd := a.file(w[0])
		if syscall.Fstat(fd, &status) == nil && status.Mode&syscall.S_IFMT == syscall.S_IFREG {
			syscall.Fchmod(fd, mode(w[1]))
		}
	}
	ops["owner"] = func(a *actor, w []string) {
		if w[0] == "=" {
			syscall.Fchown(a.file(w[1]), number(w[2]), number(w[2]))
		} else {
			os.Chown(w[0], number(w[1]), number(w[1]))
		}
	}
	beginning, _ := syscall.Open(".", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	ops["cd"] = func(a *actor, w []string) {
		if w[0] == "-" {
			syscall.Fchdir(beginning)
		} else {
			syscall.Chdir(w[0])
		}
	}
}

// ------------------------------------------------------------------ memory

func (a *actor) mapOf(word string) *mapping { return &a.held.maps[number(word)%maps] }

func (m *mapping) forget() {
	if m.at != 0 {
		syscall.Close(m.look)
	}
	m.at = 0
}

// Where so many bytes can be stored, all of them in the file.
func (m *mapping) inside(word string, bytes int) []byte {
	var status syscall.Stat_t
	if m.at == 0 || syscall.Fstat(m.look, &status) != nil {
		return nil
	}
	room := status.Size - m.offset
	if room > int64(m.bytes) {
		room = int64(m.bytes)
	}
	if room <= 0 {
		return nil
	}
	at := int64(number(word)) % room
	if int64(bytes) > room-at {
		bytes = int(room - at)
	}
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&m.at))), m.bytes)[at : at+int64(bytes)]
}

func (a *actor) protect(m *mapping, prot uintptr) error {
	_, err := a.raw(syscall.SYS_MPROTECT, m.at, uintptr(m.bytes), prot, 0, 0, 0)
	return err
}

func (a *actor) mapFile(w []string) {
	m, fd := a.mapOf(w[0]), a.file(w[1])
	var status syscall.Stat_t
	if m.at != 0 {
		a.raw(syscall.SYS_MUNMAP, m.at, uintptr(m.bytes), 0, 0, 0, 0)
	}
	m.forget()
	if syscall.Fstat(fd, &status) != nil || status.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return
	}
	offset, bytes := number(w[2])/page*page, number(w[3])%1000000+1
	prot, flags := uintptr(3), uintptr(syscall.MAP_SHARED)
	if w[4] == "r" {
		prot = 1
	} else if w[4] == "private" {
		flags = syscall.MAP_PRIVATE
	}
	at, err := a.raw(syscall.SYS_MMAP, 0, uintptr(bytes), prot, flags, uintptr(fd), uintptr(offset))
	if err != nil {
		return
	}
	look, _ := syscall.Open(fmt.Sprintf("/proc/self/fd/%d", fd), 0x200000|syscall.O_CLOEXEC, 0)
	*m = mapping{at, bytes, int64(offset), look}
}

func memoryOps() {
	ops["map"] = func(a *actor, w []string) { a.mapFile(w) }
	ops["store"] = func(a *actor, w []string) {
		bytes, m := a.fill(w[2], w[3]), a.mapOf(w[0])
		if to := m.inside(w[1], len(bytes)); len(to) > 0 && a.protect(m, 3) == nil {
			copy(to, bytes)
		}
	}
	ops["fetch"] = func(a *actor, w []string) {
		m := a.mapOf(w[0])
		if to := m.inside(w[1], number(w[2])); len(to) > 0 && a.protect(m, 3) == nil {
			syscall.Pread(a.file(w[3]), to, int64(number(w[4])))
		}
	}
	ops["remap"] = func(a *actor, w []string) {
		m, bytes, flags := a.mapOf(w[0]), number(w[1])%1000000+1, uintptr(0)
		if w[2][0] != 's' {
			flags = 1
		}
		if m.at == 0 {
			return
		}
		at, err := a.raw(syscall.SYS_MREMAP, m.at, uintptr(m.bytes), uintptr(bytes), flags, 0, 0)
		if err == nil {
			m.at, m.bytes = at, bytes
		}
	}
	ops["msync"] = func(a *actor, w []string) {
		m, at, flags := a.mapOf(w[0]), number(w[1])/page*page, uintptr(syscall.MS_ASYNC)
		if w[3][0] == 's' {
			flags = syscall.MS_SYNC
		}
		if m.at != 0 && at < m.bytes {
			a.raw(syscall.SYS_MSYNC, m.at+uintptr(at), uintptr(number(w[2])), flags, 0, 0, 0)
		}
	}
	ops["unmap"] = func(a *actor, w []string) {
		m := a.mapOf(w[0])
		if m.at == 0 {
			return
		}
		all, bytes := (m.bytes+page-1)/page*page, (number(w[1])+page-1)/page*page
		if bytes == 0 || bytes > all {
			bytes = all
		}
		a.raw(syscall.SYS_MUNMAP, m.at+uintptr(all-bytes), uintptr(bytes), 0, 0, 0, 0)
		m.bytes = all - bytes
		if m.bytes == 0 {
			m.forget()
		}
	}
	ops["protect"] = func(a *actor, w []string) {
		if m := a.mapOf(w[0]); m.at != 0 {
			a.protect(m, map[string]uintptr{"r": 1, "rw": 3}[w[1]])
		}
	}
}

// ------------------------------------------------------------------ workers

func work(worker int) {
	a := actor{bytes: make([]byte, most)}
	for i := range a.own.files {
		a.own.files[i] = -1
	}
	if worker != 0 {
		runtime.LockOSThread()
	}
	for i := range lines {
		line := &lines[i]
		op := ops[line.op]
		if line.worker != worker || op == nil {
			continue
		}
		a.line, a.held = line, &a.own
		if line.common {
			a.held = &common
			turn.Lock()
		}
		op(&a, line.words[:])
		if line.common {
			turn.Unlock()
		}
	}
}

func workerOps() {
	begin := func(a *actor, w []string) {
		worker := number(w[0])
		wait.Add(1)
		go func() {
			defer wait.Done()
			work(worker)
		}()
	}
	ops["thread"], ops["fork"], ops["start"] = begin, begin, begin
}

func read(path string) {
	file, err := os.Open(path)
	if err != nil {
		os.Exit(2)
	}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 3 {
			continue
		}
		next := line{worker: number(strings.TrimSuffix(fields[0], "!")),
			common: strings.HasSuffix(fields[0], "!"), route: fields[1][0], place: fields[1][1], op: fields[2]}
		for i := range next.words {
			next.words[i] = "0"
		}
		copy(next.words[:], fields[3:])
		lines = append(lines, next)
	}
	file.Close()
}

func main() {
	ops = make(map[string]func(*actor, []string))
	for i := range common.files {
		common.files[i] = -1
	}
	syscall.Umask(022)
	signal.Ignore(syscall.SIGPIPE)
	dataOps()
	openOps()
	nameOps()
	memoryOps()
	workerOps()
	read(os.Args[1])
	work(0)
	wait.Wait()
}
