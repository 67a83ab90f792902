// SPDX-License-Identifier: MIT

// A value in a file that is replaced as a whole. With STORE_BUG=1 it is not synced before.
//
//	example save VALUE...   in $CRASH_DIR
//	example check           in a crash state: the last value that was acknowledged has to be there
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"crashinject.example/crashinject"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func save(directory, value string) {
	path := filepath.Join(directory, "value")
	file, err := os.Create(path + ".new")
	must(err)
	_, err = file.WriteString(value)
	must(err)
	crashinject.Point("store.written")
	if os.Getenv("STORE_BUG") == "" {
		must(file.Sync())
	}
	must(file.Close())
	must(os.Rename(path+".new", path))
	crashinject.Point("store.renamed")
	parent, err := os.Open(directory)
	must(err)
	must(parent.Sync())
	must(parent.Close())
	crashinject.Ack(value)
}

func check() {
	said, err := os.ReadFile(filepath.Join(os.Getenv("CRASH_ACKED_DIR"), "points"))
	must(err)
	acked := strings.Fields(string(said))
	if len(acked) == 0 {
		return
	}
	there, err := os.ReadFile("value")
	must(err)
	if string(there) < acked[len(acked)-1] {
		must(fmt.Errorf("acknowledged %s, there is %q", acked[len(acked)-1], there))
	}
}

func main() {
	if os.Args[1] == "check" {
		check()
		return
	}
	for _, value := range os.Args[2:] {
		save(os.Getenv("CRASH_DIR"), value)
	}
}
