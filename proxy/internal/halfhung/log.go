package halfhung

import (
	"slices"
	"time"
)

// The evidence against a server. A call that was given up counts if it began after the
// last one that counts was given up, so that calls which wait side by side are one.
const (
	leastCalls = 2               // that many must have been given up
	leastWait  = 2 * time.Second // and have waited that long, one after the other
	shortWait  = 100 * time.Millisecond
	longWait   = time.Second     // of one call, for the next one to go elsewhere first
	rarely     = 5 * time.Second // if that comes so much later: sooner, it is evidence at once
)

// A row is kept for memory after its last call, and no more than maxRows are.
const (
	memory  = 5 * time.Minute
	maxRows = 64
)

// avoidance is how long after its last unanswered call a method is sent elsewhere first.
const avoidance = time.Minute

// Log is which servers leave which methods unanswered. The nil Log knows of none.
type Log struct{ rows []row }

// row is a method that a server left unanswered and has not answered since.
type row struct {
	server, method string
	calls          int
	waited         time.Duration // by these calls together
	longest        time.Duration // by one of them
	elsewhere      bool          // another server has answered one at once since
	last           time.Time     // when the last one was given up
}

func (r *row) enough() bool { return r.calls >= leastCalls && r.waited >= leastWait }

// Behind is a server that serves worse than another one.
type Behind struct {
	Server string
	Method string        // that it left unanswered
	Calls  int           // of it, given up one after the other
	Waited time.Duration // by these together
}

// Unanswered notes that a server did not answer a call that began then and was given up
// now. usually is how long the server takes for the method at times, as far as it is
// known: a call that waited no longer than that shows nothing.
func (l *Log) Unanswered(now time.Time, server, method string, began time.Time, usually time.Duration) *Log {
	waited := now.Sub(began)
	if waited < shortWait || waited <= usually {
		return l
	}
	rows := l.kept(now)
	i := slices.IndexFunc(rows, func(r row) bool { return r.server == server && r.method == method })
	switch {
	case i < 0:
		if len(rows) >= maxRows {
			rows = slices.Delete(rows, 0, 1)
		}
		i = len(rows)
		rows = append(rows, row{server: server, method: method})
	case began.Before(rows[i].last):
		return l
	}
	r := &rows[i]
	r.calls++
	r.waited += waited
	r.longest, r.last = max(r.longest, waited), now
	return &Log{rows}
}

// Answered notes that a server took that long to answer a call, and tells of the
// servers that this shows to be half hung. They are forgotten: the owner that ranks them behind
// remembers it.
func (l *Log) Answered(now time.Time, server, method string, took time.Duration) (next *Log, behind []Behind) {
	if !l.has(method) {
		return l, nil
	}
	rows := slices.DeleteFunc(l.kept(now), func(r row) bool {
		if r.method != method {
			return false
		}
		// At once is within half of what the other one was given for one call.
		if r.server == server || took > r.longest/2 {
			return r.server == server
		}
		if !r.enough() {
			return false
		}
		behind = append(behind, Behind{r.server, method, r.calls, r.waited})
		return true
	})
	rows = slices.DeleteFunc(rows, func(r row) bool {
		return slices.ContainsFunc(behind, func(b Behind) bool { return b.Server == r.server })
	})
	if len(rows) == 0 {
		return nil, behind
	}
	for i := range rows {
		r := &rows[i]
		r.elsewhere = r.elsewhere || r.method == method && took <= r.longest/2
	}
	return &Log{rows}, behind
}

// Avoids reports whether a call of method is better sent to another server first: one that
// waited for long was answered there, or several were not answered here. It puts no
// server behind: a heartbeat, which comes every few seconds, would be late each time until
// there is enough evidence.
func (l *Log) Avoids(now time.Time, server, method string) bool {
	return l != nil && slices.ContainsFunc(l.rows, func(r row) bool {
		return r.server == server && r.method == method && now.Sub(r.last) < avoidance &&
			(r.enough() || r.elsewhere && r.waited >= longWait && now.Sub(r.last) >= rarely)
	})
}

// has reports whether a method was left unanswered by any server.
func (l *Log) has(method string) bool {
	return l != nil && slices.ContainsFunc(l.rows, func(r row) bool { return r.method == method })
}

// kept is a copy of the rows that are not too old.
func (l *Log) kept(now time.Time) []row {
	if l == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(l.rows), func(r row) bool { return now.Sub(r.last) > memory })
}
