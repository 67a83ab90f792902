// SPDX-License-Identifier: MIT

// Package store has a value in a file that is replaced as a whole; with STORE_BUG=1 it is not synced before.
package store

import (
	"os"

	"crashinject.example/crashinject"
)

// Save replaces the value in a directory.
func Save(directory, value string) error {
	path := directory + "/value"
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err = file.WriteString(value); err == nil && os.Getenv("STORE_BUG") == "" {
		err = file.Sync()
	}
	if err != nil {
		return err
	}
	crashinject.Point("store.written")
	if err = os.Rename(path+".new", path); err != nil {
		return err
	}
	parent, err := os.Open(directory)
	if err != nil {
		return err
	}
	defer parent.Close()
	if err = parent.Sync(); err == nil {
		crashinject.Ack(value)
	}
	return err
}
