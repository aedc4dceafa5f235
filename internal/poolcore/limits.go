package poolcore

import "time"

// Limits is how long a dial may take, from its first packet.
type Limits struct {
	Connect time.Duration // until a socket is connected
	Whole   time.Duration // until the server has answered on the session
}

// A dial goes on after its callers were answered, for so many times the limit that they
// have, up to a minute: a busy server has it in its queue and works it off all the same.
const (
	lateTimes   = 32
	longestDial = time.Minute
)

// maxDoublings is how often the limit doubles. Not for long: the kernel tries a lost
// connect again less and less often, and an address that works again would not be found.
const maxDoublings = 2

// limits are those of the next dial to addr, for which callers wait base. While dials to
// it time out they double, and no two agents' are alike. second is a dial made after a late one.
func (b *backoffs) limits(addr string, base time.Duration, second bool) Limits {
	connect := base
	if e := b.each.find(addr); e != nil && e.timeouts > 0 {
		connect <<= min(e.timeouts, maxDoublings)
		connect += time.Duration(b.chance.Chance() * float64(connect/4))
		connect = max(base, min(connect, longestDial))
	}
	if second {
		connect = min(connect, 2*base) // the other one is for a server that is slow
		return Limits{Connect: connect, Whole: connect}
	}
	return Limits{Connect: connect, Whole: max(connect, min(base*lateTimes, longestDial))}
}

// latePause is how soon after a dial was late another one may be made: soon,
// since what is late may be lost, and not at once, since it may be on its way.
func latePause(base time.Duration, chance float64) time.Duration {
	pause := min(base, backoffLeast)
	return pause/2 + time.Duration(chance*float64(pause/2))
}
