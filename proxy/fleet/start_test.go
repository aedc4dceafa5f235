package fleet

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Who never gets a server is out, although there was none to lose.
func TestAgentsThatNeverGotAServerAreOut(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		what string
		then []Fault
		out  int
	}{
		{"DNS never answers", nil, 50},
		{"DNS answers after a minute", []Fault{{time.Minute, func(f *Fleet) { f.DNSDown(false) }}}, 0},
	} {
		for _, p := range policies {
			f := New(Config{
				Agents: 50, Servers: 3, Seed: 1, Policy: p, Names: true, Start: 10 * time.Second, Warm: time.Nanosecond, For: 3 * time.Minute,
				Faults: append([]Fault{{0, func(f *Fleet) { f.DNSDown(true) }}}, of.then...),
			})
			f.Advance(30 * time.Second)
			check(t, of.what+", at first: "+p.String(), f.Out(), 50)
			f.Run()
			r := f.Report()
			check(t, of.what+": "+p.String(), r.Out, of.out)
			check(t, of.what+": "+p.String()+", now", f.Out(), of.out)
			check(t, of.what+": "+p.String()+", outages", len(r.Outages), 0)
		}
	}
}

func TestAFleetIsNotMadeForNobody(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancelCause(t.Context())
	why := errors.New("nobody waits")
	stop(why)
	if f, err := prepare(ctx, Config{Agents: 1}); f != nil || !errors.Is(err, why) {
		t.Errorf("%v, %v", f, err)
	}
}
