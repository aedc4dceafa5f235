package main

import (
	"context"
	"fmt"
	"slices"
)

// allPoints are the points of all curves: over callers, servers in the list, size of
// the message, and sessions of a pool.
func allPoints() []work {
	return slices.Concat(callerPoints(), serverPoints(), sizePoints(), sessionPoints())
}

// withGrowth is r with its growth from the first point of its curve, which is in earlier
// unless it is r.
func withGrowth(r Result, earlier []Result) Result {
	first := r
	if i := slices.IndexFunc(earlier, func(e Result) bool { return e.Curve == r.Curve }); i >= 0 {
		first = earlier[i]
	}
	if r.OursNS == nil || first.OursNS == nil {
		return r // left out
	}
	times := *r.OursNS / *first.OursNS
	r.RatioToFirst = &times
	r.RatioToLinear = new(times * float64(*first.At) / float64(*r.At))
	return r
}

// callerPoints are calls by more and more callers on one session.
func callerPoints() (all []work) {
	for _, callers := range []int{1, 4, 16, 64, 256, 1024, 4096} {
		all = append(all, work{
			name: fmt.Sprintf("callers/%d", callers), curve: "callers", at: callers,
			open: func(ctx context.Context) (*setup, error) {
				c := call{size: 64, callers: callers}
				note := c.capFloor(roomFor)
				s, err := c.open(ctx)
				if s != nil {
					s.note = note
				}
				return s, err
			},
		})
	}
	return all
}

// serverPoints are longer and longer server lists.
func serverPoints() (all []work) {
	counts := []int{1, 10, 100, 1000}
	add := func(name string, servers int, open func(ctx context.Context) (*setup, error)) {
		curve := "servers/" + name
		all = append(all, work{name: fmt.Sprintf("%s/%d", curve, servers), curve: curve, at: servers, open: open})
	}
	for _, servers := range counts {
		add("find", servers, func(context.Context) (*setup, error) { return openFind(servers, 1) })
	}
	for _, o := range owned {
		for _, servers := range counts {
			add(o.name, servers, func(ctx context.Context) (*setup, error) { return openOwner(servers, o.do(ctx, servers)) })
		}
	}
	return all
}

// sizePoints are larger and larger messages.
func sizePoints() (all []work) {
	for _, size := range []int{64, 512, 4 << 10, 32 << 10, 256 << 10, 2 << 20, 4 << 20} {
		c := call{size: size, callers: 1}
		all = append(all, work{name: "size/" + sizeName(size), curve: "size", at: size, open: c.open})
	}
	return all
}

// sessionPoints are calls over more and more sessions, one after the other.
func sessionPoints() (all []work) {
	for _, n := range []int{1, 10, 100, 1000} {
		all = append(all, work{
			name: fmt.Sprintf("sessions/%d", n), curve: "sessions", at: n,
			open: func(ctx context.Context) (*setup, error) { return openSessions(ctx, n) },
		})
	}
	return all
}
