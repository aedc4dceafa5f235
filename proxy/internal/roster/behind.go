package roster

import "time"

// A server that answers probes and leaves calls unanswered would be put in front by
// every round that draws it, and lose calls each time. Rounds try it after the others of
// its class for a time that doubles with each such failure, and begins anew after as
// long without one.
const (
	behindFirst = 5 * time.Minute
	behindMost  = time.Hour
)

// lapse is what that makes of one server.
type lapse struct {
	behind bool          // rounds try it after the others
	until  time.Time     // that ends with the first round after it
	length time.Duration // of the last such time; 0: there was none
}

// lapsed notes a failure of a server that answers probes.
func (l *lapse) lapsed(now time.Time) {
	if l.length == 0 || now.Sub(l.until) >= behindMost {
		l.length = behindFirst
	} else {
		l.length = min(2*l.length, behindMost)
	}
	l.behind, l.until = true, now.Add(l.length)
}

// forgiven ends the time of the servers for which it is over.
func (l *list) forgiven(now time.Time) {
	for e := range l.all() {
		e.behind = e.behind && now.Before(e.until)
	}
}

// behind reports whether a round tries e after the others of its class.
func behind(e *entry) bool { return e.behind }
