package main

import "context"

// act is one scene of the demo. run returns when it has been played; the error
// says what did not come about.
type act struct {
	name string
	run  func(context.Context, *stage) error
}

// play is what the demo shows, and how fast.
type play struct {
	acts []act
	pace float64 // all its times are multiplied by it
}

// fullPlay is the demo as users see it: half a minute.
func fullPlay() play {
	return play{pace: 1, acts: []act{
		{"steady state", steady},
		{"kill the active server", killActive},
		{"freeze the active server", freezeActive},
		{"no leader", noLeader},
		{"a server joins by heartbeat", joins},
		{"rolling restart", rollingRestart},
		{"everything gone and back", allGone},
	}}
}
