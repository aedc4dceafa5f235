package roster

import "time"

// trouble is what keeps the agent from being served.
type trouble uint8

const (
	calm     trouble = iota
	unsure           // another server has taken over, and has not answered yet
	noLeader         // servers answer, and none of them knows a leader
	orphaned         // no heartbeat has named a leader for three lifetimes
	bare             // no server is known
	lost             // no server answers
)

// episode is the time from the first sign of trouble until a server serves the
// agent again. An operator reads one line when it begins, one each time it
// gets worse, and one when it ends.
type episode struct {
	began    time.Time // zero: all is well
	logged   [lost + 1]bool
	failures int // active servers left in it
}
