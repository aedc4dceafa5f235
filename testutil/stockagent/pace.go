package stockagent

import "time"

const (
	leaderlessRetry = 15 * time.Second // after a heartbeat that found no leader, and up to as much again
	veryLate        = 30 * time.Second
)

// pace decides when heartbeats are sent and counts how they went. Time and chance come
// as parameters.
type pace struct {
	grace  time.Duration
	chance func(most time.Duration) time.Duration // at random, below most, which is above zero

	last   time.Time // of the last heartbeat or registration that succeeded; zero: none did
	ttl    time.Duration
	due    time.Time // when the next one is to be sent first
	tries  int       // of the next one that failed
	missed bool      // it is counted as missed

	Pace
}

// Pace is how an agent's heartbeats went.
type Pace struct {
	Heartbeats       int           // that succeeded
	FailedHeartbeats int           // attempts that did not
	Late             int           // that succeeded after attempts which did not
	Missed           int           // that came later than the grace after the TTL, or are as late by now
	MaxLate          time.Duration // the longest from when one was to be sent to its answer, or to a failure
}

// registered begins anew with the TTL that a registration was granted.
func (p *pace) registered(now time.Time, ttl time.Duration) {
	p.last, p.ttl, p.due, p.tries, p.missed = now, ttl, now.Add(ttl), 0, false
}

// bring makes a heartbeat due earlier.
func (p *pace) bring(to time.Time) {
	if p.due.IsZero() || to.Before(p.due) {
		p.due = to
	}
}

// succeeded notes that a heartbeat was answered. It returns when the next one is to be
// sent.
func (p *pace) succeeded(now time.Time, ttl time.Duration) (next time.Time) {
	p.note(now)
	p.Heartbeats++
	if p.tries > 0 {
		p.Late++
	}
	p.registered(now, ttl)
	return p.due
}

// failed notes that an attempt failed. It returns when the next one is to be sent.
func (p *pace) failed(now time.Time, err error) (next time.Time) {
	p.note(now)
	p.FailedHeartbeats++
	p.tries++
	return now.Add(p.backOff(now, err))
}

func (p *pace) note(now time.Time) {
	p.MaxLate = max(p.MaxLate, now.Sub(p.due))
	if !p.missed && !p.last.IsZero() && now.After(p.last.Add(p.ttl+p.grace)) {
		p.missed = true
		p.Missed++
	}
}

// backOff is the pause after an attempt that failed: long without a leader, else some
// part of the time that is left until the TTL is over, a second or two once it is, and ever
// longer when it is half a minute ago.
func (p *pace) backOff(now time.Time, err error) time.Duration {
	if p.last.IsZero() || leaderless(err) {
		return leaderlessRetry + p.chance(leaderlessRetry)
	}
	left := p.last.Add(p.ttl).Sub(now)
	if left < -veryLate {
		left = -left
	}
	if left <= 0 {
		return time.Second + p.chance(time.Second)
	}
	switch wait := p.chance(left); {
	case wait < time.Second:
		return time.Second + p.chance(time.Second)
	case wait > veryLate:
		return veryLate - p.chance(5*time.Second)
	default:
		return wait
	}
}
