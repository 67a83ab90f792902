// SPDX-License-Identifier: MIT

package main

import (
	"os/exec"
	"testing"

	"crashinject.example/crashinject"
)

func TestTheStoreIsCrashSafe(t *testing.T) {
	store := t.TempDir() + "/store"
	if out, err := exec.Command("go", "build", "-o", store, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	crashinject.Explore(t, crashinject.Options{
		Workload: "exec " + store + " save 1 2", Check: store + " check", Models: []string{"ext4"}})
}
