package main

import (
	"encoding/json"
	"io"
	"time"
)

// record is one line that a process prints for the rig.
type record struct {
	Kind   string // see below
	Due    time.Time
	Sent   time.Time
	Done   time.Time
	Err    string        // empty: the heartbeat, or the call, succeeded
	Server string        // front: the server in front; beat of ours: the one that answered; call, follow: the caller
	TTL    time.Duration // granted by this heartbeat
	Agent  string        `json:",omitempty"` // that was called
	NoPath bool          `json:",omitempty"` // it was not: the server had no session of it

	Sessions int `json:",omitempty"` // call: of the agent with the caller, when it was sent
}

// Kinds of records.
const (
	kindReady = "ready" // a server listens
	kindFront = "front" // an agent's next call goes to another server than before
	kindBeat  = "beat"  // an attempt at a heartbeat has ended
	kindStall = "stall" // from Due to Done the machine did not run the process
	kindCall  = "call"  // a server's call to an agent has ended
	kindTail  = "tail"  // a server began to follow an agent's log, or, with Done, that has ended
)

func (r *record) ok() bool { return r.Kind == kindBeat && r.Err == "" }

// scribe prints records from several goroutines.
type scribe chan record

// write prints what comes in until the scribe is closed.
func (s scribe) write(to io.Writer) error {
	out := json.NewEncoder(to)
	for r := range s {
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
