package main

import "time"

// kind is a way for a server to fail.
type kind uint8

const (
	kill kind = iota
	shutdown
	freeze // longer than it takes to be sure of a silence
	stall  // a short freeze
	leave  // for good: another server joins in its place
	mute
	hangMethod
	holdStreams
	slow
	closeMidReply
	executeThenReset
	dropAfterRead
	halfClose
	garbage
	goAway
	noLeader
	deny // an answer that the request was refused
	refuse
	kinds // how many there are
)

// trait is the planner's data about a kind.
type trait struct {
	name        string
	weight      int           // how often, against the others
	least, most time.Duration // how long it lasts
	deadly      bool          // the server counts as dead in its cluster
	counted     bool          // every other time it hits a few requests only
}

var traits = [kinds]trait{
	kill:             {"kill", 3, 200 * time.Millisecond, 4 * time.Second, true, false},
	shutdown:         {"shutdown", 3, 200 * time.Millisecond, 4 * time.Second, true, false},
	freeze:           {"freeze", 3, 3200 * time.Millisecond, longestFreeze, true, false},
	stall:            {"stall", 3, 100 * time.Millisecond, 2500 * time.Millisecond, true, false},
	leave:            {"leave", 1, 200 * time.Millisecond, 3 * time.Second, true, false},
	mute:             {"mute", 3, 300 * time.Millisecond, 4 * time.Second, false, false},
	hangMethod:       {"hang-method", 2, 300 * time.Millisecond, 4 * time.Second, false, false},
	holdStreams:      {"hold-streams", 2, 300 * time.Millisecond, 4 * time.Second, false, false},
	slow:             {"slow", 3, time.Second, 4 * time.Second, false, false},
	closeMidReply:    {"close-mid-reply", 3, 300 * time.Millisecond, 2 * time.Second, false, true},
	executeThenReset: {"execute-then-reset", 3, 300 * time.Millisecond, 2 * time.Second, false, true},
	dropAfterRead:    {"drop-after-read", 3, 300 * time.Millisecond, 2 * time.Second, false, true},
	halfClose:        {"half-close", 3, 500 * time.Millisecond, 3 * time.Second, false, true},
	garbage:          {"garbage", 6, 300 * time.Millisecond, 2 * time.Second, false, true},
	goAway:           {"go-away", 3, 100 * time.Millisecond, 500 * time.Millisecond, false, false},
	noLeader:         {"no-leader", 2, 300 * time.Millisecond, 1500 * time.Millisecond, false, false},
	deny:             {"deny", 2, 300 * time.Millisecond, time.Second, false, true},
	refuse:           {"refuse", 3, 300 * time.Millisecond, 3 * time.Second, false, false},
}

// The longest that a server may sit on a request before it executes it.
const (
	longestFreeze = 6 * time.Second
	longestDelay  = 800 * time.Millisecond
)

func (k kind) String() string { return traits[k].name }

// layers are the depths at which garbage breaks, in testutil's order.
var layers = [...]string{"transport", "header", "body", "seq", "shape", "huge string", "nesting"}
