package pool

import "time"

// limits is how long a dial may take, from its first packet.
type limits struct {
	connect time.Duration // until a socket is connected
	whole   time.Duration // until the server has answered on the session
}

// How long a dial goes on whose callers were told that it failed: for so many times the
// limit that they have, up to a minute. A server that is busy has it in its queue, and
// works it off whether anybody waits for it or not.
const (
	lateTimes   = 32
	longestDial = time.Minute
)

// maxDoublings is how often the limit doubles. Not for long: a connect that is lost is
// tried again by the kernel less and less often, and an address that works again would
// not be found.
const maxDoublings = 2

// limits are those of the next dial to addr, of which each may take base at first. While
// dials to it end with their limit that doubles, and no two agents' alike. second is a
// dial that begins beside a late one.
func (b *backoffs) limits(addr string, base time.Duration, second bool) limits {
	connect := base
	if e := b.each[addr]; e != nil && e.timeouts > 0 {
		connect <<= min(e.timeouts, maxDoublings)
		connect += time.Duration(b.chance() * float64(connect/4))
		connect = max(base, min(connect, longestDial))
	}
	if second {
		connect = min(connect, 2*base) // the other one is for a server that is slow
		return limits{connect: connect, whole: connect}
	}
	return limits{connect: connect, whole: max(connect, min(base*lateTimes, longestDial))}
}

// latePause is how soon after a dial was told to be late another one may be made beside
// it: soon, since what is late may be lost, and not at once, since it may be on its way.
func latePause(base time.Duration, chance float64) time.Duration {
	pause := min(base, backoffLeast)
	return pause/2 + time.Duration(chance*float64(pause/2))
}
