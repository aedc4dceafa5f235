package roster

import (
	"maps"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
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
type throttle struct{ until map[warning]moment.Time }

// allow reports whether w may be logged now, and if so suppresses it from now on.
func (t *throttle) allow(now moment.Time, w warning) bool {
	if until, ok := t.until[w]; ok && now.Before(until) {
		return false
	}
	if len(t.until) >= maxWarnings {
		maps.DeleteFunc(t.until, func(_ warning, until moment.Time) bool { return !now.Before(until) })
	}
	if len(t.until) >= maxWarnings {
		return false
	}
	if t.until == nil {
		t.until = make(map[warning]moment.Time)
	}
	t.until[w] = now.Add(quietTime)
	return true
}
