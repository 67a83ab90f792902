// SPDX-License-Identifier: MIT

package store

import (
	"fmt"
	"os"
	"testing"

	"crashinject.example/crashinject"
)

// workload and check
func work(directory string) error {
	if err := Save(directory, "1"); err != nil {
		return err
	}
	return Save(directory, "2")
}

func look(state crashinject.State) error {
	value, _ := os.ReadFile("value")
	if acks := len(state.Acks()); acks > 0 && (len(value) != 1 || int(value[0]-'0') < acks) {
		return fmt.Errorf("there is %q", value)
	}
	return nil
}

// end of workload and check

func TestTheStoreIsCrashSafe(t *testing.T) {
	crashinject.Explore(t, crashinject.Options{Run: work, Look: look, Models: []string{"ext4"}})
}
