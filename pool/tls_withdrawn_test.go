package pool_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// A session that would not be made now ends; one that would be goes on.
func TestASessionOutlivesATrustOnlyIfTheNewOneWouldMakeIt(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		from, to func(*pool.TLSConfig)
		names    []string
		cut      bool
	}{
		"a version that it is not": {nil, func(c *pool.TLSConfig) { c.MinVersion = tls.VersionTLS13 }, nil, true},
		"a suite that it is not":   {nil, func(c *pool.TLSConfig) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384} }, nil, true},
		"its suite": {
			nil, func(c *pool.TLSConfig) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256} }, nil, false,
		},
		"another region":          {nil, func(c *pool.TLSConfig) { c.Region = "mars" }, nil, true},
		"another name of its":     {nil, func(c *pool.TLSConfig) { c.ServerName = "localhost" }, nil, false},
		"a name, where any would": {func(c *pool.TLSConfig) { anyName(c) }, nil, []string{"server.mars.nomad"}, true},
		"its name, where any would": {
			func(c *pool.TLSConfig) { anyName(c) }, nil, nil, false,
		},
		"any name":          {nil, func(c *pool.TLSConfig) { anyName(c) }, nil, false},
		"another authority": {nil, func(c *pool.TLSConfig) { c.CAPEM = other.PEM() }, nil, true},
		"not the one of two that is its": {
			func(c *pool.TLSConfig) { c.CAPEM = slices.Concat(ca.PEM(), other.PEM()) }, func(c *pool.TLSConfig) { c.CAPEM = other.PEM() }, nil, true,
		},
		"the one of two that is its": {
			func(c *pool.TLSConfig) { c.CAPEM = slices.Concat(other.PEM(), ca.PEM()) }, nil, nil, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := ca.issue("server.global.nomad")
			if c.names != nil {
				id = ca.issue("", func(cfg *testutil.CertConfig) { cfg.Names = c.names })
			}
			cfg := ca.ServerTLS(id, "global")
			cfg.MaxVersion, cfg.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
			s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
			own := ca.issue("client.global.nomad")
			config := func(alter func(*pool.TLSConfig)) *pool.TLSConfig {
				cfg := ca.client(own)
				if alter != nil {
					alter(cfg)
				}
				return cfg
			}
			var down atomic.Int64
			p := newPool(t, pool.Config{TLS: config(c.from), Handlers: doubling(), DrainTimeout: time.Millisecond},
				poolhooks.Hooks{Down: func(string, error) { down.Add(1) }})
			on := occupy(t, p, s)
			noError(t, p.SetTLS(t.Context(), config(c.to)))
			if !c.cut {
				await(t, "a session in its place", func() bool { return p.Stats().Sessions == 2 })
				for range 50 {
					ping(t, p, s.Addr())
					on.live(t)
				}
				return
			}
			on.cut(t, pool.ErrDrained)
			await(t, "the report", func() bool { return down.Load() > 0 })
			_, err := p.Ping(within(t), s.Addr())
			as[*pool.TLSError](t, err)
			await(t, "no session", func() bool { return p.Stats().Sessions == 0 })
		})
	}
}

// So does plain TCP in place of TLS, which trusts any server, and the other way round.
func TestASessionOfPlainTCPEndsWhenTLSIsAskedFor(t *testing.T) {
	ca := newAuthority(t)
	s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1})
	p := newPool(t, pool.Config{Handlers: doubling(), DrainTimeout: time.Millisecond})
	on := occupy(t, p, s)
	noError(t, p.SetTLS(t.Context(), ca.agent())) // that server has no say in it
	on.cut(t, pool.ErrDrained)
	_, err := p.Ping(within(t), s.Addr())
	failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSNotSpoken)
	noError(t, p.SetTLS(t.Context(), nil)) // that one takes it
	await(t, "the session", func() bool { _, err := p.Ping(within(t), s.Addr()); return err == nil })
	on = occupy(t, p, s)
	noError(t, p.SetTLS(t.Context(), nil))
	on.live(t)
}

// What is on the session of a server that is no longer trusted has the time to drain; calls
// that come leave it.
func TestAServerThatIsNoLongerTrustedIsLeftBeforeItsSessionEnds(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	s := ca.server()
	held := holdCalls(t, s)
	own := ca.issue("client.global.nomad")
	p := newPool(t, pool.Config{TLS: ca.client(own), Handlers: doubling()}) // it may drain for an hour
	on := occupy(t, p, s)
	old := call(within(t), p, s.Addr(), "Test.Hold", "old")
	receive(t, "the call", held.entered)
	next := other.client(own)
	noError(t, p.SetTLS(t.Context(), next))
	var err error
	await(t, "the end of its use", func() bool { _, err = p.Ping(within(t), s.Addr()); return err != nil })
	failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSUnknownAuthority)
	on.live(t)
	held.release <- struct{}{}
	if r := receive(t, "the call on the session", old); r.err != nil || r.reply != "old" {
		t.Errorf("%v, %v", r.reply, r.err)
	}
	on.close()
	await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
}

// Trust that comes back in time ends nothing, however often it goes.
func TestTrustThatIsWithdrawnAndGivenAgain(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	s := ca.server()
	own := ca.issue("client.global.nomad")
	both := ca.client(own)
	both.CAPEM = slices.Concat(other.PEM(), ca.PEM())
	for _, again := range []*pool.TLSConfig{ca.client(own), both} {
		p := newPool(t, pool.Config{TLS: ca.client(own), Handlers: doubling(), DrainTimeout: time.Hour})
		on := occupy(t, p, s)
		for range 5 {
			noError(t, p.SetTLS(t.Context(), other.client(own)))
			noError(t, p.SetTLS(t.Context(), again))
			ping(t, p, s.Addr())
			on.live(t)
		}
	}
}

// A dial that has begun with the old trust makes no session that calls find, and none that
// lasts: neither in its handshake nor while it is being proven.
func TestADialUnderWayWithTheOldTrust(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	own := ca.issue("client.global.nomad")
	t.Run("in its handshake", func(t *testing.T) {
		s := ca.server()
		reached, release := make(chan struct{}, 10), make(chan struct{})
		p := newPool(t, pool.Config{TLS: ca.client(own), Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &heldConn{Conn: conn, reached: reached, release: release}, err
		}})
		done := make(chan error, 1)
		go func() { _, err := p.Ping(within(t), s.Addr()); done <- err }()
		receive(t, "the handshake", reached)
		noError(t, p.SetTLS(t.Context(), other.client(own)))
		close(release)
		failed(t, receive(t, "the ping", done), pool.PhaseHandshake, pool.NotSent, pool.ErrTLSUnknownAuthority)
		await(t, "no session", func() bool { return p.Stats().Sessions == 0 })
	})
	t.Run("being proven", func(t *testing.T) {
		s := ca.server()
		handleCopies(s)
		p := newPool(t, pool.Config{TLS: ca.client(own), Handlers: doubling(), DrainTimeout: time.Millisecond})
		ping(t, p, s.Addr())
		proving, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			done <- pool.Control(p).Renew(within(t), s.Addr(), func(ctx context.Context, call func(context.Context, string, any, any) error) error {
				err := call(ctx, "Node.Register", node, nil)
				close(proving)
				<-release
				return err
			})
		}()
		receive(t, "the proof", proving)
		// The server is quick to use it: a stream waits to be accepted.
		opened := make(chan net.Conn, 1)
		go func() {
			stream, _ := s.StreamNode(within(t), "n1", "Test.Echo")
			opened <- stream
		}()
		noError(t, p.SetTLS(t.Context(), other.client(own)))
		close(release)
		if stream := receive(t, "the stream", opened); stream != nil {
			defer stream.Close()
			_ = stream.SetDeadline(time.Now().Add(patience))
			if _, err := stream.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("it is still used: %v", err)
			}
		}
		if err := receive(t, "the renewal", done); err == nil {
			t.Error("it is used")
		}
		await(t, "no session", func() bool { return p.Stats().Sessions == 0 })
	})
}

// heldConn reads nothing before it is released.
type heldConn struct {
	net.Conn
	reached chan<- struct{}
	release <-chan struct{}
}

func (c *heldConn) Read(b []byte) (int, error) {
	c.reached <- struct{}{}
	<-c.release
	return c.Conn.Read(b)
}

// Credentials that change all the time, while calls go on: none is lost, and nothing piles
// up.
func TestChangeAfterChangeWhileCallsGoOn(t *testing.T) {
	t.Parallel()
	const rounds, callers = 150, 4
	ca, other := newAuthority(t), newAuthority(t)
	s := ca.server()
	certs := []*testutil.Identity{ca.issue("client.global.nomad"), ca.issue("client.global.nomad")}
	change := func(i int) *pool.TLSConfig {
		cfg := ca.client(certs[i%2])
		if i/2%2 == 1 { // more, and less
			cfg.CAPEM = slices.Concat(cfg.CAPEM, other.PEM())
		}
		return cfg
	}
	p := newPool(t, pool.Config{TLS: change(0), DrainTimeout: time.Millisecond})
	ping(t, p, s.Addr())
	ctx, finish := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var lostCalls atomic.Int64
	for range callers {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				var reply int
				switch err := p.Call(within(t), s.Addr(), "Echo.Echo", n, &reply); {
				case errors.Is(err, pool.ErrTooManySessions):
					lostCalls.Add(1) // on one of five sessions that were replaced within a round trip
				case err != nil || reply != n:
					t.Errorf("%v, %v", reply, err)
					return
				}
			}
		})
	}
	most := 0
	for i := range rounds {
		noError(t, p.SetTLS(t.Context(), change(i)))
		most = max(most, p.Stats().Sessions)
	}
	finish()
	wg.Wait()
	await(t, "one session", func() bool { return p.Stats().Sessions == 1 })
	if most > 16 {
		t.Errorf("%d sessions at once", most)
	}
	t.Logf("at most %d sessions; %d calls were on one that was too many", most, lostCalls.Load())
}

// A caller that leaves takes its trial along, so that they do not pile up before a server that
// says nothing.
func TestACallerOfSetTLSThatLeavesTakesItsTrialAlong(t *testing.T) {
	ca := newAuthority(t)
	s := ca.server()
	own := ca.issue("client.global.nomad")
	begun := make(chan struct{}, 1000)
	var held atomic.Bool
	p := newPool(t, pool.Config{TLS: ca.client(own), Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if held.Load() {
			begun <- struct{}{}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}})
	ping(t, p, s.Addr())
	held.Store(true)
	for range 20 { // each has a place only if the one before has left it
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.SetTLS(ctx, ca.agent()) }()
		receive(t, "the trial", begun)
		leave()
		if err := receive(t, "SetTLS", done); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	ping(t, p, s.Addr())
}
