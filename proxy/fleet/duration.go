package fleet

import (
	"strconv"
	"time"
)

// Duration is a duration that is seconds in JSON.
type Duration time.Duration

// MarshalJSON is the seconds, to the microsecond.
func (d Duration) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Duration(d).Microseconds())/1e6, 'f', -1, 64), nil
}

// String is as a [time.Duration]'s.
func (d Duration) String() string { return time.Duration(d).String() }

// seconds is the duration in seconds.
func (d Duration) seconds() float64 { return time.Duration(d).Seconds() }
