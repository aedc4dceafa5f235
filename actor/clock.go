package actor

import "time"

// clock tells the time at half the price of time.Now, which asks the system for
// the time of day as well: it counts on from the last time it did.
type clock struct{ base time.Time }

// daytime is how long it counts on. It is how old a change of the time of day can
// be that is not heard of; what measures time does not depend on it.
const daytime = time.Second

func (c *clock) now() time.Time {
	since := time.Since(c.base)
	if since > daytime {
		c.base = time.Now()
		return c.base
	}
	return c.base.Add(since)
}
