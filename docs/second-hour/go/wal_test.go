// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"testing"

	"crashinject.example/crashinject"
)

var texts = []string{"one", "two", "three"}

func appendAll(directory string) error {
	log, err := Open(directory)
	for i := 0; err == nil && i < len(texts); i++ {
		err = log.Append(texts[i])
	}
	return err
}

func look(state crashinject.State) error {
	log, err := Open(state.Dir)
	if err != nil {
		return err
	}
	defer log.Close()
	for i, record := range log.Records {
		if i >= len(texts) || record != texts[i] {
			return fmt.Errorf("there is %q", log.Records)
		}
	}
	if len(log.Records) < len(state.Acks()) {
		return crashinject.Lost("acknowledged %q, there is %q", state.Acks(), log.Records)
	}
	return nil
}

func TestTheLogIsCrashSafe(t *testing.T) {
	crashinject.Explore(t, crashinject.Options{Run: appendAll, Look: look, Models: []string{"ext4"}})
}
