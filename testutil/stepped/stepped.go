package stepped

import (
	"time"
	"unsafe"
)

// Start is a time with a monotonic reading, from which Shift makes others.
func Start() time.Time { return time.Now() }

// Shift is t with its wall clock off by so much, and the same monotonic reading. Package time
// has no function for it: it writes the fields of t, whose layout is checked on the way. t must
// have a monotonic reading, and the result be a year from 1885 to 2157.
func Shift(t time.Time, by time.Duration) time.Time {
	wall := t.Round(0).Add(by)
	shifted := t
	words := (*layout)(unsafe.Pointer(&shifted))
	words.wall = monotonic | uint64(wall.Unix()-year1885)<<30 | uint64(wall.Nanosecond())
	if !shifted.Round(0).Equal(wall) || shifted.Sub(t) != 0 {
		panic("stepped: the time has no monotonic reading, is too far away, or package time keeps it in another way")
	}
	return shifted
}

// layout is how package time keeps a Time with a monotonic reading.
type layout struct {
	wall uint64 // a flag, 33 bits of seconds since 1885, 30 bits of nanoseconds
	ext  int64  // the monotonic reading
	_    *time.Location
}

const monotonic = 1 << 63

var year1885 = time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// Clock sets the wall clock anew at each reading: by turns hours forward, back, and right. The
// zero value is ready.
type Clock struct{ readings int }

// steps is what the wall clock is off by, in turn.
var steps = []time.Duration{time.Hour, -time.Hour, 0, 36 * time.Hour, -400 * 24 * time.Hour, time.Millisecond, -3 * time.Second}

// Read is what a process reads at the true time t, which must have a monotonic reading.
func (c *Clock) Read(t time.Time) time.Time {
	c.readings++
	return Shift(t, steps[c.readings%len(steps)])
}
