package heartbeat_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
)

const ttl = 12 * time.Second // margin 4 s, chance 0.75 s

func TestARegisteredNodeBeatsWithinEachTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{})
		start(t, p, cfg)
		time.Sleep(10 * time.Minute)
		all := f.calls("")
		if len(all) < 75 || len(all) > 85 || !all[0].is("Node.Register") {
			t.Fatalf("%d calls in 10 min", len(all))
		}
		if node, _ := all[0].args["Node"].(dict); node["ID"] != nodeID || node["SecretID"] != secretID || node["Name"] != "worker" {
			t.Errorf("registered %v", all[0].args)
		}
		if all[0].args["Region"] != region || all[1].args["Region"] != region || all[0].args["AuthToken"] != "" {
			t.Errorf("registered with %v", all[0].args)
		}
		last := all[1]
		for _, r := range all[2:] {
			if gap := r.at.Sub(last.at); gap < 7250*time.Millisecond || gap > 8*time.Second {
				t.Fatalf("%v between two heartbeats", gap)
			}
			if r.addr != last.addr || !r.is("Node.UpdateStatus") || r.args["Status"] != "ready" || r.args["AuthToken"] != secretID || r.args["NodeID"] != nodeID {
				t.Fatalf("%+v", r)
			}
			last = r
		}
		r := <-events.registered
		if r.Server != server(all[0].addr) || len(r.Servers) != 3 || r.NumNodes != 3 || r.TTL != ttl || r.Margin != 0 || r.Late != 0 {
			t.Errorf("%+v", r)
		}
		<-events.replies
		if r := <-events.replies; r.Margin < 4*time.Second || r.Margin > 4750*time.Millisecond || r.Late != 0 ||
			r.LeaderRPCAddr != addrs[0] || r.SchedulingEligibility != "eligible" || r.Index != 0 || r.IdentityRenewed {
			t.Errorf("%+v", r)
		}
		if n := len(events.missed) + len(events.refused); n > 0 {
			t.Errorf("%d bad events", n)
		}
		if p.NumNodes() != 3 || p.LeaderAddr() != addrs[0] {
			t.Errorf("the proxy knows of %d nodes and the leader %q", p.NumNodes(), p.LeaderAddr())
		}
	})
}

// silent answers like grants, but for one server that does not answer.
func silent(ttl time.Duration, is func(request) bool) answering {
	return func(ctx context.Context, r request) (dict, error) {
		if is(r) {
			<-ctx.Done()
			return nil, &pool.CallError{Method: r.method, Server: r.addr, Phase: pool.PhaseFlushed, Outcome: pool.MaybeExecuted, Err: ctx.Err()}
		}
		return granted(ttl), nil
	}
}

func TestASilentServerCostsNoTTL(t *testing.T) {
	for _, ttl := range []time.Duration{10 * time.Second, 20 * time.Second, 300 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakes(grants(ttl))
			p := overFakes(t, f)
			cfg, events := listening(heartbeat.Config{})
			start(t, p, cfg)
			time.Sleep(time.Second)
			front, err := p.FindServer()
			if err != nil {
				t.Fatal(err)
			}
			f.answers(silent(ttl, func(r request) bool { return r.addr == front.Addr }))
			time.Sleep(20 * ttl)
			for range len(events.replies) {
				if r := <-events.replies; r.Late > 0 {
					t.Errorf("TTL %v: %v late", ttl, r.Late)
				}
			}
			if n := len(events.missed); n > 0 {
				t.Errorf("TTL %v: missed %d times", ttl, n)
			}
		})
	}
}

// A cluster that is slow as a whole: no TTL is missed, and it is not asked more than
// is needed.
func TestASlowClusterIsServedInTime(t *testing.T) {
	for _, slow := range []time.Duration{1300 * time.Millisecond, 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			const ttl = 15 * time.Second
			f := newFakes(func(ctx context.Context, r request) (dict, error) {
				select {
				case <-time.After(slow):
					return granted(ttl), nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
			p := overFakes(t, f)
			cfg, events := listening(heartbeat.Config{})
			start(t, p, cfg)
			time.Sleep(time.Minute) // how slow it is has to be found out
			f.calls("")
			time.Sleep(10 * time.Minute)
			if n := len(events.missed); n > 0 {
				t.Errorf("answers after %v: missed %d times", slow, n)
			}
			if n := len(f.calls("")); n > 70 {
				t.Errorf("answers after %v: %d calls in 10 min", slow, n)
			}
		})
	}
}

func TestAMissedTTLIsReportedWithItsReasonAndLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p := overFakes(t, f)
		log := make(lines, 1000)
		cfg, events := listening(heartbeat.Config{Logger: zerolog.New(log).Level(zerolog.InfoLevel)})
		h := start(t, p, cfg)
		time.Sleep(time.Second)
		f.isDown(addrs...)
		<-events.replies
		began := time.Now()
		m := await(t, "missed", events.missed)
		if at := time.Since(began); at < 10*time.Second || at > 12*time.Second || !time.Now().Equal(m.Deadline) {
			t.Errorf("reported after %v, %v after the deadline", at, time.Since(m.Deadline))
		}
		if m.Late != 0 || m.TTL != ttl || m.Margin < 4*time.Second || m.Margin > 4750*time.Millisecond || m.Tries != 1 {
			t.Errorf("%+v", m)
		}
		if m.Err == nil || !strings.Contains(m.Err.Error(), "refused") {
			t.Errorf("because of %v", m.Err)
		}
		if m := await(t, "missed again", events.missed); m.Late <= 0 || m.Tries != 2 {
			t.Errorf("%+v", m)
		}
		f.isDown()
		r := await(t, "landed", events.replies)
		if r.Late <= 0 || r.Margin != 0 {
			t.Errorf("%+v", r)
		}
		time.Sleep(time.Minute)
		if n := len(events.missed); n > 0 {
			t.Errorf("missed %d times more", n)
		}
		stops(t, h, p)
		var said []string
		for range len(log) {
			said = append(said, <-log)
		}
		if len(said) != 3 || !strings.Contains(said[0], "node registered") ||
			!strings.Contains(said[1], `"warn"`) || !strings.Contains(said[1], `"ttl":"12s"`) || !strings.Contains(said[1], "refused") ||
			!strings.Contains(said[2], "answered again") || !strings.Contains(said[2], `"failed_calls":`) {
			t.Errorf("%d lines: %q", len(said), said)
		}
		if all := strings.Join(said, ""); strings.Contains(all, secretID) {
			t.Error("the secret is in the log")
		}
	})
}

// After the deadline, while all servers refuse, one agent asks one of them a second at
// most, and in a large fleet fewer.
func TestALateHeartbeatDoesNotHammerTheServers(t *testing.T) {
	for name, c := range map[string]struct {
		nodes, most int
		apart       time.Duration
	}{
		"a small fleet":  {3, 50, time.Second},
		"10,000 agents":  {10000, 5, 13 * time.Second},
		"100,000 agents": {100000, 3, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakes(func(context.Context, request) (dict, error) { return with(granted(ttl), "NumNodes", c.nodes), nil })
			p := overFakes(t, f)
			cfg, events := listening(heartbeat.Config{})
			start(t, p, cfg)
			await(t, "landed", events.replies)
			f.isDown(addrs...)
			await(t, "missed", events.missed)
			f.calls("")
			time.Sleep(time.Minute)
			late := f.calls("")
			if len(late) > c.most || len(late) == 0 {
				t.Errorf("%s: %d calls in a minute, want %d at most", name, len(late), c.most)
			}
			for i := range late[1:] {
				if gap := late[i+1].at.Sub(late[i].at); gap < c.apart {
					t.Errorf("%s: %v between two calls", name, gap)
				}
			}
		})
	}
}

// What holds for heartbeats holds for registrations, but for the first call: until
// then no server is known to be down.
func TestARegistrationThatFailsDoesNotHammerTheServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		f.isDown(addrs...)
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{})
		start(t, p, cfg)
		_ = await(t, "refused", events.refused)
		f.calls("")
		time.Sleep(10 * time.Minute)
		late := f.calls("Node.Register")
		for i := range late[1:] {
			if gap := late[i+1].at.Sub(late[i].at); gap < time.Second {
				t.Errorf("%v between two calls", gap)
			}
		}
		if len(late) < 300 {
			t.Errorf("%d calls in ten minutes", len(late))
		}
	})
}

func TestTheNodeIsRegisteredAgainWhenItWasPurged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		f := newFakes(func(_ context.Context, r request) (dict, error) {
			switch {
			case r.is("Node.Register"):
				gone.Store(false)
				return with(granted(ttl), "SignedIdentity", "signed"), nil
			case gone.Load():
				return nil, says(r, "node not found", pool.ErrUnknownNode)
			}
			return granted(ttl), nil
		})
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{IntroToken: "introduced"})
		h := start(t, p, cfg)
		if r := await(t, "registered", events.registered); !r.IdentityRenewed || h.AuthToken() != "signed" {
			t.Errorf("%+v, token %q", r, h.AuthToken())
		}
		await(t, "landed", events.replies)
		gone.Store(true)
		if r := await(t, "registered again", events.registered); r.IdentityRenewed || r.Margin == 0 {
			t.Errorf("%+v", r)
		}
		await(t, "landed", events.replies)
		time.Sleep(time.Minute)
		if n := len(events.registered) + len(events.missed) + len(events.refused); n > 0 {
			t.Errorf("%d more events", n)
		}
		registers := f.calls("Node.Register")
		if len(registers) != 2 || registers[0].args["AuthToken"] != "introduced" || registers[1].args["AuthToken"] != "signed" {
			t.Errorf("%v", registers)
		}
	})
}

// A node that shows its secret is denied when it was purged; its registration shows
// none. One whose identity has expired is given a new one; one whose identity no
// server takes any more registers without it.
func TestADeniedNodeFindsItsWayBack(t *testing.T) {
	for name, c := range map[string]struct {
		identity string // signed at the first registration
		takes    string // the token that a registration must show afterwards
		signs    any    // then
		tokens   []any  // of the registrations
		beats    string // the token of the heartbeats in the end
	}{
		"purged, with its secret":       {"", "", nil, []any{"", ""}, secretID},
		"an identity that expired":      {"old", "old", "new", []any{"", "old"}, "new"},
		"an identity of another time":   {"old", "", "new", []any{"", "old", ""}, "new"},
		"identities are signed no more": {"old", "", nil, []any{"", "old", ""}, secretID},
	} {
		synctest.Test(t, func(t *testing.T) {
			var purge, back atomic.Bool
			f := newFakes(func(_ context.Context, r request) (dict, error) {
				token, _ := r.args["AuthToken"].(string)
				switch {
				case !purge.Load() && r.is("Node.Register"):
					return with(granted(ttl), "SignedIdentity", c.identity), nil
				case r.is("Node.Register") && token == c.takes:
					back.Store(true)
					return with(granted(ttl), "SignedIdentity", c.signs), nil
				case r.is("Node.Register"), purge.Load() && !back.Load(), back.Load() && token != c.beats:
					return nil, says(r, "Permission denied", pool.ErrPermissionDenied)
				}
				return granted(ttl), nil
			})
			p := overFakes(t, f)
			cfg, events := listening(heartbeat.Config{})
			h := start(t, p, cfg)
			await(t, "landed", events.replies)
			purge.Store(true)
			time.Sleep(time.Minute)
			if n := len(events.missed); n > 0 {
				t.Errorf("%s: missed %d times", name, n)
			}
			var tokens []any
			for _, r := range f.calls("Node.Register") {
				tokens = append(tokens, r.args["AuthToken"])
			}
			if len(tokens) != len(c.tokens) {
				t.Fatalf("%s: registered with %q, want %q", name, tokens, c.tokens)
			}
			for i := range tokens {
				if tokens[i] != c.tokens[i] {
					t.Errorf("%s: registered with %q, want %q", name, tokens, c.tokens)
				}
			}
			if h.AuthToken() != c.beats {
				t.Errorf("%s: heartbeats show %q", name, h.AuthToken())
			}
		})
	}
}

// A cluster that denies heartbeats whatever is registered is not asked in a loop.
func TestANodeThatIsDeniedForGoodSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(func(_ context.Context, r request) (dict, error) {
			if r.is("Node.UpdateStatus") {
				return nil, says(r, "Permission denied", pool.ErrPermissionDenied)
			}
			return granted(ttl), nil
		})
		p := overFakes(t, f)
		start(t, p, heartbeat.Config{})
		time.Sleep(10 * time.Minute)
		if n := len(f.calls("")); n > 50 {
			t.Errorf("%d calls in 10 min", n)
		}
	})
}

func TestANodeThatIsDownHasNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(func(_ context.Context, r request) (dict, error) {
			if r.args["Status"] == "down" {
				return with(granted(0), "Index", 7), nil
			}
			return granted(ttl), nil
		})
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{})
		h := start(t, p, cfg)
		await(t, "landed", events.replies)
		if err := h.SetStatus(t.Context(), heartbeat.Down); err != nil {
			t.Fatal(err)
		}
		if r := await(t, "down", events.replies); r.TTL != 0 || r.Index != 7 {
			t.Errorf("%+v", r)
		}
		f.calls("")
		time.Sleep(10 * time.Minute)
		if n := len(f.calls("Node.UpdateStatus")); n < 20 || n > 27 {
			t.Errorf("%d heartbeats in 10 min", n)
		}
		f.isDown(addrs...)
		time.Sleep(10 * time.Minute)
		f.isDown()
		if n := len(events.missed); n > 0 {
			t.Errorf("missed %d deadlines, and there is none", n)
		}
		if err := h.SetStatus(t.Context(), heartbeat.Ready); err != nil {
			t.Fatal(err)
		}
	})
}

// Registering fails for as long as no server answers, and succeeds soon after one does.
func TestANodeThatCannotRegisterGoesOnTrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		f.isDown(addrs...)
		p := overFakes(t, f)
		log := make(lines, 1000)
		cfg, events := listening(heartbeat.Config{Logger: zerolog.New(log).Level(zerolog.InfoLevel)})
		h := start(t, p, cfg)
		time.Sleep(10 * time.Minute)
		if n := len(f.calls("")) / len(addrs); n > 700 {
			t.Errorf("%d turns in 10 min", n)
		}
		if err := await(t, "refused", events.refused); !errors.Is(err, errors.Unwrap(err)) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%v", err)
		}
		f.isDown()
		up := time.Now()
		await(t, "registered", events.registered)
		if took := time.Since(up); took > 13*time.Second {
			t.Errorf("registered %v after the servers were back", took)
		}
		await(t, "landed", events.replies)
		if n := len(events.missed); n > 0 {
			t.Errorf("missed %d TTLs, and none was granted", n)
		}
		stops(t, h, p)
		if n := len(log); n != 2 {
			t.Errorf("%d lines, want that it fails and that it is registered", n)
		}
	})
}

// The proxy learns which server answered: not the active one, which was asked
// first and said nothing.
func TestTheProxyLearnsWhichServerAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var front atomic.Pointer[string]
		f := newFakes(silent(ttl, func(r request) bool { return r.addr == *front.Load() }))
		p := overFakes(t, f)
		first, err := p.FindServer()
		if err != nil {
			t.Fatal(err)
		}
		front.Store(&first.Addr)
		cfg, events := listening(heartbeat.Config{})
		start(t, p, cfg)
		r := await(t, "registered", events.registered)
		if was, is := p.View().Health(first), p.View().Health(r.Server); r.Server == first || was == messages.Alive || is != messages.Alive {
			t.Errorf("%v answered and is %v, %v is %v", r.Server, is, first, was)
		}
	})
}
