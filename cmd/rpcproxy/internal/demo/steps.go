package main

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil"
)

func steady(ctx context.Context, st *stage) error { return st.wait(ctx, 3*time.Second) }

// killActive resets the connections of the server in use. Calls go on with the
// next one.
func killActive(ctx context.Context, st *stage) error {
	victim, err := st.active()
	if err != nil {
		return err
	}
	victim.Kill()
	if err := st.wait(ctx, 2500*time.Millisecond); err != nil {
		return err
	}
	if err := victim.Restart(); err != nil {
		return err
	}
	return st.untilListed(ctx, victim)
}

// freezeActive leaves the connections of the server in use open and silent.
func freezeActive(ctx context.Context, st *stage) error {
	victim, err := st.active()
	if err != nil {
		return err
	}
	victim.Freeze()
	waited := st.wait(ctx, 4*time.Second)
	victim.Thaw()
	if waited != nil {
		return waited
	}
	return st.untilListed(ctx, victim)
}

// noLeader lets every server believe that there is none: calls that need one are
// held for a while and then refused.
func noLeader(ctx context.Context, st *stage) error {
	servers := st.cluster.Servers()
	for _, s := range servers {
		s.Inject(testutil.NoLeader())
	}
	waited := st.wait(ctx, 3*time.Second)
	for _, s := range servers {
		s.Heal()
	}
	if waited != nil {
		return waited
	}
	return st.wait(ctx, 500*time.Millisecond)
}

// joins starts a server that only heartbeats tell of, and takes the others out of
// the list until it is in use.
func joins(ctx context.Context, st *stage) error {
	if err := st.wait(ctx, 500*time.Millisecond); err != nil {
		return err
	}
	added, err := st.cluster.Join()
	if err != nil {
		return err
	}
	if err := st.untilListed(ctx, added); err != nil {
		return err
	}
	err = st.until(ctx, "the new server is in front", func(v *messages.View) bool {
		for s := range v.All() {
			if s.Addr != added.Addr() {
				_, _ = st.proxy.Remove(ctx, s) // fails when ctx ends, which until sees
			}
		}
		front, some := st.proxy.View().Active()
		return some && front.Addr == added.Addr()
	})
	if err != nil {
		return err
	}
	if err := st.untilCalled(ctx, added); err != nil {
		return err
	}
	return st.until(ctx, "a heartbeat brings the others back", func(v *messages.View) bool {
		return v.Len() == len(st.cluster.Live())
	})
}

// rollingRestart ends each server in an orderly way and starts it again, one
// after the other.
func rollingRestart(ctx context.Context, st *stage) error {
	for _, s := range st.cluster.Servers() {
		s.Shutdown()
		waited := st.wait(ctx, 400*time.Millisecond)
		if err := s.Restart(); err != nil {
			return err
		}
		if waited != nil {
			return waited
		}
		if _, err := st.cluster.AwaitLeader(ctx); err != nil {
			return err
		}
		if err := st.wait(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// allGone kills every server and brings them all back. Calls wait for that.
func allGone(ctx context.Context, st *stage) error {
	servers := st.cluster.Servers()
	for _, s := range servers {
		s.Kill()
	}
	if err := st.wait(ctx, 2500*time.Millisecond); err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.Restart(); err != nil {
			return err
		}
	}
	if _, err := st.cluster.AwaitLeader(ctx); err != nil {
		return err
	}
	return st.wait(ctx, 2*time.Second)
}
