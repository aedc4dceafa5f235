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

// warning identifies a log line that must not repeat.
type warning struct {
	message string
	addr    string
}

// throttle remembers until when each warning is suppressed. When it is full of
// warnings that still do, new ones are suppressed: in a flood they add nothing.
type throttle struct{ until map[warning]time.Time }

func newThrottle() throttle { return throttle{until: make(map[warning]time.Time)} }

// allow reports whether w may be logged now, and if so suppresses it from now on.
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
