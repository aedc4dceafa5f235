package roster

import (
	"maps"
	"time"
)

const (
	// quietTime is how long a warning about one server is not repeated.
	quietTime = 3 * time.Hour
	// maxWarnings bounds how many warnings are remembered.
	maxWarnings = 1024
)

// warning identifies what must not be said again and again.
type warning struct {
	what string
	addr string
}

// throttle remembers until when each warning keeps quiet. When it is full of
// warnings that still do, new ones are suppressed: a flood says nothing new.
type throttle struct{ until map[warning]time.Time }

func newThrottle() throttle { return throttle{until: make(map[warning]time.Time)} }

// allow says whether w may be said now, and if so keeps it quiet from now on.
func (t *throttle) allow(now time.Time, w warning) bool {
	if until, ok := t.until[w]; ok && now.Before(until) {
		return false
	}
	if len(t.until) >= maxWarnings {
		maps.DeleteFunc(t.until, func(_ warning, until time.Time) bool { return !now.Before(until) })
	}
	if len(t.until) >= maxWarnings {
		return false
	}
	t.until[w] = now.Add(quietTime)
	return true
}
