package moment

import (
	"math"
	"time"
)

// Time is a time by a Clock, in nanoseconds. Zero is never: it is before every other, by
// decades.
type Time int64

// first is what a Clock begins with: 73 years, so that times before are told from zero, and
// 219 years are left.
const first = Time(1) << 61

// IsZero reports whether t is never.
func (t Time) IsZero() bool { return t == 0 }

// Before reports whether t is before o.
func (t Time) Before(o Time) bool { return t < o }

// After reports whether t is after o.
func (t Time) After(o Time) bool { return t > o }

// Compare is negative if t is before o, positive if it is after.
func (t Time) Compare(o Time) int {
	switch {
	case t < o:
		return -1
	case t > o:
		return 1
	}
	return 0
}

// Add is d after t, or the last Time there is, or the first.
func (t Time) Add(d time.Duration) Time {
	switch at := t + Time(d); {
	case d > 0 && at < t:
		return math.MaxInt64
	default:
		return max(at, 1)
	}
}

// Sub is the time from o to t.
func (t Time) Sub(o Time) time.Duration { return time.Duration(t - o) }

// Clock counts from the first time that it is given. It goes by the monotonic clock where
// times have a reading of it. The zero value is ready; it belongs to one goroutine.
type Clock struct{ origin time.Time }

// Of is t by this clock; the zero time is never.
func (c *Clock) Of(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	if c.origin.IsZero() {
		c.origin = t
	}
	return first.Add(t.Sub(c.origin))
}

// Time is the time.Time that t stands for; that of never is zero.
func (c *Clock) Time(t Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return c.origin.Add(t.Sub(first))
}
