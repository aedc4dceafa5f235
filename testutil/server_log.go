package testutil

import (
	"sync/atomic"
)

// serverLog is the log that Agent.Monitor shows: an immutable list that is
// replaced by a longer one.
type serverLog struct {
	last      atomic.Pointer[logLine]
	followers atomic.Int64
}

// logLine is a line, and what leads to the next one.
type logLine struct {
	text string
	next atomic.Pointer[logLine]
	more chan struct{} // closed when next is set
}

func newServerLog() *serverLog {
	l := &serverLog{}
	l.last.Store(&logLine{more: make(chan struct{})})
	return l
}
