package bench

import (
	"context"
	"fmt"
	"slices"
)

// Curves measures how costs grow, as Works does: with the callers, the servers in
// the list, the size of a message, and the sessions of a pool.
func Curves(ctx context.Context, o Options, tell func(Result)) error {
	first := map[string]Result{}
	return runAll(ctx, o, allPoints(), func(r Result) {
		if _, ok := first[r.Curve]; !ok {
			first[r.Curve] = r
		}
		r.grown(first[r.Curve])
		tell(r)
	})
}

// grown says how much more this point costs than the first one of its curve.
func (r *Result) grown(first Result) {
	if r.OursNS == nil || first.OursNS == nil {
		return // left out
	}
	times := *r.OursNS / *first.OursNS
	r.RatioToFirst = &times
	r.RatioToLinear = new(times * float64(*first.At) / float64(*r.At))
}

func allPoints() []work {
	return slices.Concat(callerPoints(), serverPoints(), sizePoints(), sessionPoints())
}

// callerPoints are more and more callers on one session.
func callerPoints() (all []work) {
	for _, callers := range []int{1, 4, 16, 64, 256, 1024, 4096} {
		all = append(all, work{
			name: fmt.Sprintf("callers/%d", callers), curve: "callers", at: callers,
			open: func(ctx context.Context) (*field, error) {
				u := unary{size: 64, callers: callers}
				note := u.capFloor(roomFor)
				f, err := u.open(ctx)
				if f != nil {
					f.note = note
				}
				return f, err
			},
		})
	}
	return all
}

// serverPoints are longer and longer server lists.
func serverPoints() (all []work) {
	counts := []int{1, 10, 100, 1000}
	add := func(what string, servers int, open func(ctx context.Context) (*field, error)) {
		curve := "servers/" + what
		all = append(all, work{name: fmt.Sprintf("%s/%d", curve, servers), curve: curve, at: servers, open: open})
	}
	for _, servers := range counts {
		add("find", servers, func(context.Context) (*field, error) { return findField(servers, 1) })
	}
	for _, o := range owned {
		for _, servers := range counts {
			add(o.name, servers, func(ctx context.Context) (*field, error) { return ownerField(servers, o.do(ctx, servers)) })
		}
	}
	return all
}

// sizePoints are larger and larger messages.
func sizePoints() (all []work) {
	for _, size := range []int{64, 512, 4 << 10, 32 << 10, 256 << 10, 2 << 20, 4 << 20} {
		u := unary{size: size, callers: 1}
		all = append(all, work{name: "size/" + sizeName(size), curve: "size", at: size, open: u.open})
	}
	return all
}

// sessionPoints are calls that go round over more and more sessions.
func sessionPoints() (all []work) {
	for _, n := range []int{1, 10, 100, 1000} {
		all = append(all, work{
			name: fmt.Sprintf("sessions/%d", n), curve: "sessions", at: n,
			open: func(ctx context.Context) (*field, error) { return sessionsField(ctx, n) },
		})
	}
	return all
}
