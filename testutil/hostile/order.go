package main

import (
	"encoding/json"
	"os"
)

// order is what a role is told at its beginning, as one line.
type order struct {
	Scenario string
	Dir      string // the attacker's
	Target   target // the victim's, from here on
	Plant    string // what to leak: a test that the bounds are looked at
}

// The words that go between the rig and its processes, a line each.
const (
	wordUp  = "up"  // from the victim, and on to the attacker: the agent runs
	wordEnd = "end" // from the attacker, and on to the victim: the attack is over
)

// tell prints one value as a line.
func tell(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = os.Stdout.Write(append(line, '\n'))
	}
	return err
}
