// SPDX-License-Identifier: MIT

package crashinject

import (
	"os"
	"strings"
	"testing"
)

// What gofail's runtime would do with name=return(true).
func failpoint(name string) bool {
	for _, each := range strings.Split(os.Getenv("GOFAIL_FAILPOINTS"), ";") {
		if each == name+"=return(true)" {
			return true
		}
	}
	return false
}

func saveOnce(directory string) error {
	if err := os.WriteFile(directory+"/value", []byte("1"), 0o666); err != nil {
		return err
	}
	for _, path := range []string{directory + "/value", directory} {
		file, err := os.Open(path)
		if err == nil && !failpoint("crashinject/skipSync") {
			err = file.Sync()
		}
		if err != nil {
			return err
		}
		file.Close()
	}
	Ack("1")
	return nil
}

func lookForOne(state State) error {
	value, _ := os.ReadFile("value")
	if len(state.Acks()) > 0 && string(value) != "1" {
		return Lost("there is %q", value)
	}
	return nil
}

func TestAFailpointIsSetWhereTheStoreRuns(t *testing.T) {
	options := Options{Run: saveOnce, Look: lookForOne, Models: []string{"ext4"}}
	Explore(t, options)
	found := &told{T: t}
	if !forAnother() {
		t.Setenv("GOFAIL_FAILPOINTS", "other=sleep(1);crashinject/skipSync=return(true)")
	}
	Explore(found, options)
	if !forAnother() {
		assertHas(t, found.fatal, "lost: acknowledged \"1\"")
		found.forget()
	}
}
