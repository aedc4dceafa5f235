package main

import (
	"fmt"
	"time"
)

// limit is how late heartbeats may be; zero: as late as they like, as long as
// none is missed.
type limit struct{ p90, most time.Duration }

// Who fails in silence is noticed by nothing but the lack of an answer; a
// connection that ends says so.
var (
	inSilence = limit{p90: 3 * time.Second, most: 4 * time.Second}
	inSight   = limit{most: noticeable}
)

// breaches tells in words what a row of ours has that it must not have.
func (l limit) breaches(r row) (all []string) {
	say := func(what string, is, may time.Duration) {
		if may > 0 && is > may {
			all = append(all, fmt.Sprintf("%s: %s late %.3f s, may be %.3f s", r.fault, what, is.Seconds(), may.Seconds()))
		}
	}
	say("p90", r.p90, l.p90)
	say("max", r.most, l.most)
	if r.missed > 0 {
		all = append(all, fmt.Sprintf("%s: %d of %d missed a heartbeat", r.fault, r.missed, r.n))
	}
	return all
}

// crowded tells that a server carries more than one and a half times its share.
func crowded(loads []int) bool {
	var all, most int
	for _, n := range loads {
		all += n
		most = max(most, n)
	}
	return 2*most*len(loads) > 3*all
}
