// SPDX-License-Identifier: MIT

// real_go.go - files the way Go programs make them: raw system calls, many threads, preempted by signals.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func work(number int, wait *sync.WaitGroup) {
	defer wait.Done()
	name := fmt.Sprintf("own-%d", number)
	file, err := os.Create(name)
	must(err)
	for i := 0; i < 100; i++ {
		fmt.Fprintf(file, "%02d %04d\n", number, i)
	}
	must(file.Sync())
	must(file.Truncate(100))
	_, err = file.WriteAt([]byte("at"), 50)
	must(err)
	must(file.Close())
	must(os.Rename(name, name+".done"))
}

func spin(stop chan bool) {
	for {
		select {
		case <-stop:
			return
		default:
		}
	}
}

func main() {
	var wait sync.WaitGroup
	stop := make(chan bool)
	go spin(stop)
	for i := 0; i < 8; i++ {
		wait.Add(1)
		go work(i, &wait)
	}
	wait.Wait()
	close(stop)
	must(os.WriteFile("whole", make([]byte, 100000), 0600))
	must(os.MkdirAll("a/b/c", 0755))
	must(os.Symlink("whole", "a/link"))
	must(os.Link("whole", "a/hard"))
	must(os.Chmod("whole", 0644))
	must(os.Chown("whole", -1, os.Getgid()))
	must(os.Chtimes("whole", time.Unix(1, 0), time.Unix(2, 0)))
	appended, err := os.OpenFile("log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0600)
	must(err)
	writer := bufio.NewWriter(appended)
	for i := 0; i < 2000; i++ {
		fmt.Fprintln(writer, "line", i)
	}
	must(writer.Flush())
	must(appended.Close())
	temporary, err := os.CreateTemp(".", "temp-*")
	must(err)
	must(temporary.Close())
	must(os.Remove(temporary.Name()))
	command := exec.Command("/bin/sh", "-c", "echo out; echo child > child")
	command.Env = []string{}
	command.Stdout, err = os.Create("out")
	must(err)
	must(command.Run())
	_, err = os.Create(filepath.Join("nowhere", "x"))
	fmt.Println(err)
	must(os.RemoveAll("a"))
}
