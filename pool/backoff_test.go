package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// doorman is a port at which something else than a server stands; it counts connections.
type doorman struct {
	net.Listener
	met atomic.Int64
}

// newDoorman has each connection given to greet, in a goroutine of its own.
func newDoorman(t *testing.T, greet func(net.Conn)) *doorman {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	d := &doorman{Listener: ln}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			d.met.Add(1)
			all.Go(func() { greet(conn) })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); all.Wait() })
	return d
}

func (d *doorman) addr() string { return d.Addr().String() }

// mostDials is how many dials of one address all of which fail there may be in so long a
// time, with the shortest pauses that chance can draw.
func mostDials(in time.Duration) int {
	dials := 2
	for pause, at := 50*time.Millisecond, time.Duration(0); at <= in; pause = min(2*pause, time.Second) {
		dials++
		at += pause
	}
	return dials
}

// insist has so many callers make so many calls each, one right after the other, and
// answers how many dials there may have been at most. All calls must fail, unsent.
func insist(t *testing.T, p *pool.Pool, addr string, callers, calls int) (most int) {
	t.Helper()
	begin := time.Now()
	var all sync.WaitGroup
	var wrong atomic.Pointer[error]
	for range callers {
		all.Go(func() {
			for range calls {
				err := p.Call(within(t), addr, "Status.Ping", nil, nil)
				if e, ok := errors.AsType[*pool.CallError](err); !ok || e.Outcome != pool.NotSent {
					wrong.Store(&err)
				}
			}
		})
	}
	all.Wait()
	if err := wrong.Load(); err != nil {
		t.Fatalf("%v", *err)
	}
	return mostDials(time.Since(begin))
}

func TestACrowdOfCallersDoesNotStormAnAddressThatFails(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		tls   *pool.TLSConfig
		start func(t *testing.T) (addr string, met func() int64)
	}{
		"nothing listens": {nil, func(t *testing.T) (string, func() int64) {
			s := startServer(t)
			s.Refuse()
			return s.Addr(), nil
		}},
		"accepts and hangs up": {nil, func(t *testing.T) (string, func() int64) {
			d := newDoorman(t, func(c net.Conn) { _ = c.Close() })
			return d.addr(), d.met.Load
		}},
		"reads a little and hangs up": {nil, func(t *testing.T) (string, func() int64) {
			d := newDoorman(t, func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 5)); _ = c.Close() })
			return d.addr(), d.met.Load
		}},
		"speaks something else": {nil, func(t *testing.T) (string, func() int64) {
			d := newDoorman(t, func(c net.Conn) {
				_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
				_ = c.Close()
			})
			return d.addr(), d.met.Load
		}},
		"has a certificate of another authority": {ca.agent(), func(t *testing.T) (string, func() int64) {
			s := other.server()
			return s.Addr(), func() int64 { return s.Counts().Accepted }
		}},
		"has a certificate for another name": {ca.agent(), func(t *testing.T) (string, func() int64) {
			s := ca.serve(ca.issue("nobody.example"), 0)
			return s.Addr(), func() int64 { return s.Counts().Accepted }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			addr, met := c.start(t)
			p := newPool(t, pool.Config{TLS: c.tls})
			most := insist(t, p, addr, 50, 20)
			if st := p.Stats(); st.Calls != 1000 || st.Dials < 2 || int(st.Dials) > most {
				t.Errorf("%d dials for %d calls, want %d at most", st.Dials, st.Calls, most)
			}
			if met != nil && int(met()) > most {
				t.Errorf("%d connections, want %d at most", met(), most)
			}
		})
	}
}

// A session comes up and ends before it is of any use: the handshake has cost its server
// something, and so it will the next time.
func TestSessionsThatEndAsSoonAsTheyAreUpDoNotStormTheirServer(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Inject(testutil.DropAfterRead().On("Status.Ping"))
	begin := time.Now()
	refused := 0
	for range 500 {
		err := p.Call(within(t), s.Addr(), "Status.Ping", nil, nil)
		if err == nil {
			t.Fatal("answered")
		}
		if _, backs := errors.AsType[*pool.BackoffError](err); backs {
			refused++
		}
		await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
	}
	if most := mostDials(time.Since(begin)); int(p.Stats().Dials) > most || refused < 500-most {
		t.Fatalf("%d dials, want %d at most, %d calls were refused", p.Stats().Dials, most, refused)
	}
	s.Heal()
	await(t, "an answer", func() bool { _, err := p.Ping(within(t), s.Addr()); return err == nil })
}

func TestACallInBackOffFailsAtOnceWithTheLastCause(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Refuse()
	insist(t, p, s.Addr(), 1, 6)
	for {
		before := p.Stats().Dials
		err := p.Call(within(t), s.Addr(), "Status.Ping", nil, nil)
		e := failed(t, err, pool.PhaseDial, pool.NotSent, syscall.ECONNREFUSED)
		b, backs := errors.AsType[*pool.BackoffError](err)
		if !backs {
			continue // the pause was over
		}
		if d := as[*pool.DialError](t, err); p.Stats().Dials != before || b.Failures < 2 || d.Addr != s.Addr() || e.Server != s.Addr() {
			t.Errorf("%v: %+v, %d dials", err, b, p.Stats().Dials-before)
		}
		return
	}
}

func TestAServerThatComesAndGoesIsFoundEachTime(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for range 5 {
		await(t, "the server", func() bool { _, err := p.Ping(within(t), s.Addr()); return err == nil })
		s.Refuse()
		s.Kill()
		await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
		insist(t, p, s.Addr(), 5, 5)
		noError(t, s.Restart())
	}
}

// The listener never speaks. Its callers are answered when their time is over; the dials they
// have begun go on, and their session is found when the server is well again.
func TestADialGoesOnWhenItsCallersHaveGivenUp(t *testing.T) {
	for name, secure := range map[string]bool{"plain TCP": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			var cfg pool.Config
			s := startServer(t)
			if secure {
				ca := newAuthority(t)
				s, cfg.TLS = ca.server(), ca.agent()
			}
			down := make(chan error, 100)
			cfg.DialTimeout = time.Second
			s.Freeze()
			p := newPool(t, cfg, poolhooks.Hooks{Down: func(_ string, err error) { down <- err }})
			err := p.Call(within(t), s.Addr(), "Status.Ping", nil, nil)
			failed(t, err, pool.PhaseHandshake, pool.NotSent, context.DeadlineExceeded)
			_ = receive(t, "a word about it", down)
			s.Thaw()
			await(t, "the session", func() bool { return p.Stats().Sessions == 1 })
			if st := p.Stats(); st.Dials != 1 || st.DialFailures != 1 || s.Counts().Accepted != 1 {
				t.Fatalf("%+v, %d connections", st, s.Counts().Accepted)
			}
			ping(t, p, s.Addr())
			if len(down) != 0 {
				t.Errorf("reported once more: %v", <-down)
			}
		})
	}
}

// abyss is a Config.Dial to which all addresses are black holes, but for those that are
// named; the most dials that were under way at once are counted.
type abyss struct {
	now, peak, all atomic.Int64
}

func (a *abyss) but(lit ...string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		n := a.now.Add(1)
		defer a.now.Add(-1)
		for p := a.peak.Load(); n > p && !a.peak.CompareAndSwap(p, n); p = a.peak.Load() {
		}
		a.all.Add(1)
		for _, l := range lit {
			if addr == l {
				return new(net.Dialer).DialContext(ctx, network, addr)
			}
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

func TestAThousandBlackHolesAreDialedAFewAtATime(t *testing.T) {
	s := startServer(t)
	var a abyss
	p := newPool(t, pool.Config{Dial: a.but(s.Addr())}) // no dial ends by itself
	ctx, leave := context.WithCancel(t.Context())
	var probes sync.WaitGroup
	for i := range 1000 {
		probes.Go(func() { _, _ = p.Ping(ctx, fmt.Sprintf("10.2.%d.%d:4647", i/250, i%250)) })
	}
	await(t, "the probes", func() bool { return p.Stats().Calls == 1000 && a.now.Load() > 0 })
	var reply any
	if err := p.Call(within(t), s.Addr(), "Echo.Echo", 1, &reply); err != nil {
		t.Fatalf("the call to the one good address: %v", err)
	}
	leave()
	probes.Wait()
	noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", 2, &reply))
	if peak, all := a.peak.Load(), a.all.Load(); peak > 32 || all > 100 {
		t.Errorf("%d dials at once, %d in all for callers that have left", peak, all)
	}
}

func TestCallersOfAThousandBlackHolesDoNotTakeAThousandDescriptors(t *testing.T) {
	var a abyss
	p := newPool(t, pool.Config{Dial: a.but()})
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() { _ = p.Call(ctx, fmt.Sprintf("10.2.%d.%d:4647", i/250, i%250), "Status.Ping", nil, nil) })
	}
	await(t, "the calls", func() bool { return p.Stats().Calls == 1000 && a.now.Load() == 32 })
	leave()
	all.Wait()
	if peak := a.peak.Load(); peak != 32 {
		t.Errorf("%d dials at once", peak)
	}
}
