package pool_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// guest tells by which certificates its server was reached, in order.
type guest struct {
	*testutil.Server
	seen chan string
}

// observe starts a server that notes the name of each certificate it is shown.
func (a authority) observe() *guest {
	a.Helper()
	g := &guest{seen: make(chan string, 1000)}
	cfg := a.ServerTLS(a.issue("server.global.nomad"), "global")
	cfg.VerifyConnection = func(s tls.ConnectionState) error {
		g.seen <- s.PeerCertificates[0].SerialNumber.String()
		return nil
	}
	g.Server = startServerWith(a, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
	return g
}

// awaitGuest waits until the server is shown id.
func (g *guest) awaitGuest(t *testing.T, id *testutil.Identity) {
	t.Helper()
	for want := id.Certificate.Leaf.SerialNumber.String(); receive(t, "a client with the certificate", g.seen) != want; {
	}
}

func TestNewCredentialsAreUsedAndCallsOnTheOldSessionEndWell(t *testing.T) {
	ca := newAuthority(t)
	s := ca.observe()
	held := holdCalls(t, s.Server)
	s.Handle("Test.Where", func(_ context.Context, r *testutil.Request) (any, error) { return r.Remote.String(), nil })
	p := newPool(t, pool.Config{TLS: ca.agent(), DrainTimeout: time.Millisecond})
	old := call(within(t), p, s.Addr(), "Test.Hold", "old")
	from := receive(t, "the call", held.entered)

	id := ca.issue("client.global.nomad")
	noError(t, p.SetTLS(t.Context(), ca.client(id)))
	s.awaitGuest(t, id)
	await(t, "calls on the new one", func() bool {
		var on string
		noError(t, p.Call(within(t), s.Addr(), "Test.Where", nil, &on))
		return on != from
	})
	if n := p.Stats().Sessions; n != 2 {
		t.Fatalf("%d sessions, want the old one too", n)
	}
	held.release <- struct{}{}
	if r := receive(t, "the old call", old); r.err != nil || r.reply != "old" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	await(t, "the old session's end", func() bool { return p.Stats().Sessions == 1 })
}

func TestBadCredentialsLeaveTheOldInForce(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	s := ca.server()
	p := newPool(t, pool.Config{TLS: ca.agent()})
	ping(t, p, s.Addr())
	dials := p.Stats().Dials
	for name, c := range map[string]struct {
		cfg  *pool.TLSConfig
		kind error
	}{
		"another CA's": {ca.client(other.issue("client.global.nomad")), pool.ErrTLSRefused},
		"none":         {ca.client(nil), pool.ErrTLSRefused},
		"expired":      {ca.client(ca.issue("client.global.nomad", expired)), pool.ErrTLSExpired},
		"plain":        {nil, pool.ErrTLSWanted},
	} {
		err := p.SetTLS(t.Context(), c.cfg)
		if !errors.Is(err, c.kind) || as[*pool.TLSError](t, err).Addr != s.Addr() || as[*pool.DialError](t, err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := p.SetTLS(t.Context(), &pool.TLSConfig{})
	as[*pool.TLSConfigError](t, err)
	ping(t, p, s.Addr())
	if st := p.Stats(); st.Dials != dials || st.Sessions != 1 {
		t.Errorf("%+v", st)
	}
	bounce(t, p, s)
	ping(t, p, s.Addr()) // with the old ones
}

func TestCredentialsAreTriedOnTheLastServerThereWas(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	s := ca.server()
	p := newPool(t, pool.Config{TLS: ca.agent()})
	ping(t, p, s.Addr())
	s.Kill()
	await(t, "the loss", func() bool { return p.Stats().Sessions == 0 })
	if err := p.SetTLS(t.Context(), ca.agent()); err != nil {
		t.Errorf("a dead server refused them: %v", err)
	}
	noError(t, s.Restart())
	if err := p.SetTLS(t.Context(), ca.client(other.issue("client.global.nomad"))); !errors.Is(err, pool.ErrTLSRefused) {
		t.Errorf("%v", err)
	}
}

func TestADeadServerDoesNotLockOutTheOneThatWantsNewCredentials(t *testing.T) {
	oldCA, newCA := newAuthority(t), newAuthority(t)
	a, b := oldCA.server(), newCA.server()
	p := newPool(t, pool.Config{TLS: oldCA.agent()})
	ping(t, p, a.Addr())
	a.Kill()
	await(t, "the loss", func() bool { return p.Stats().Sessions == 0 })
	_, err := p.Ping(within(t), b.Addr())
	failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSUnknownAuthority)
	// The one that is alive is asked.
	refused := newCA.client(newAuthority(t).issue("client.global.nomad"))
	if err := p.SetTLS(t.Context(), refused); !errors.Is(err, pool.ErrTLSRefused) || as[*pool.TLSError](t, err).Addr != b.Addr() {
		t.Fatalf("%v", err)
	}
	noError(t, p.SetTLS(t.Context(), newCA.agent()))
	ping(t, p, b.Addr())
}

func TestAServerThatDoesNotAnswerProvesNothingAboutCredentials(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	a, b := ca.server(), other.server()
	p := newPool(t, pool.Config{TLS: ca.agent(), DialTimeout: time.Second})
	await(t, "the first session", func() bool { _, err := p.Ping(within(t), a.Addr()); return err == nil })
	a.Freeze()
	defer a.Thaw()
	noError(t, p.SetTLS(t.Context(), other.agent()))
	await(t, "the other server", func() bool { _, err := p.Ping(within(t), b.Addr()); return err == nil })
}

func TestOneServerThatTakesThemIsEnough(t *testing.T) {
	ca := newAuthority(t)
	servers := []*testutil.Server{ca.server(), ca.server()}
	p := newPool(t, pool.Config{TLS: ca.agent()})
	for _, s := range servers {
		ping(t, p, s.Addr())
	}
	servers[0].Refuse()
	noError(t, p.SetTLS(t.Context(), ca.agent()))
	for _, s := range servers {
		ping(t, p, s.Addr()) // the one that refuses is reached on the session there is
	}
}

func TestWithoutAServerCredentialsAreTakenAsTheyAre(t *testing.T) {
	ca := newAuthority(t)
	p := newPool(t, pool.Config{})
	noError(t, p.SetTLS(t.Context(), ca.agent()))
	ping(t, p, ca.server().Addr())
}

func TestARenewalThatFailsIsNoFailureOfTheServer(t *testing.T) {
	ca := newAuthority(t)
	a, b := ca.server(), ca.server()
	var down atomic.Int64
	p := newPool(t, pool.Config{TLS: ca.agent(), DrainTimeout: time.Millisecond}, poolhooks.Hooks{Down: func(string, error) { down.Add(1) }})
	ping(t, p, a.Addr())
	ping(t, p, b.Addr())
	a.Refuse()
	noError(t, p.SetTLS(t.Context(), ca.agent()))
	await(t, "the failed dial", func() bool { return p.Stats().DialFailures >= 1 }) // it is tried again after 5 s
	await(t, "the other's renewal", func() bool { return b.Counts().Open == 1 && p.Stats().Dials >= 4 })
	ping(t, p, a.Addr())
	if n := down.Load(); n != 0 {
		t.Errorf("%d servers are down", n)
	}
}

func TestSetTLSOnAStoppedPool(t *testing.T) {
	p := newPool(t, pool.Config{})
	stop(t, p.Stop)
	if err := p.SetTLS(t.Context(), newAuthority(t).agent()); !errors.Is(err, pool.ErrStopped) {
		t.Errorf("%v", err)
	}
}

func TestStopEndsSetTLS(t *testing.T) {
	ca := newAuthority(t)
	s := ca.server()
	begun := make(chan struct{}, 2)
	p := newPool(t, pool.Config{TLS: ca.agent(), DialTimeout: patience, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		begun <- struct{}{}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}})
	ping(t, p, s.Addr())
	receive(t, "the first dial", begun)
	s.Freeze()
	done := make(chan error, 1)
	go func() { done <- p.SetTLS(t.Context(), ca.agent()) }()
	receive(t, "the second dial", begun)
	stop(t, p.Stop)
	if err := receive(t, "SetTLS", done); !errors.Is(err, pool.ErrStopped) {
		t.Errorf("%v", err)
	}
}

func TestNoCallIsLostToARotationUnderLoad(t *testing.T) {
	const rotations = 20
	ca := newAuthority(t)
	s := ca.server()
	p := newPool(t, pool.Config{TLS: ca.agent(), DrainTimeout: time.Millisecond})
	ping(t, p, s.Addr())
	ctx, finish := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var done tally
	for i := range done {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				var reply [2]int
				if err := p.Call(within(t), s.Addr(), "Echo.Echo", [2]int{i, n}, &reply); err != nil || reply != [2]int{i, n} {
					t.Errorf("caller %d, call %d: %v, %v", i, n, reply, err)
					return
				}
				done[i].Add(1)
			}
		})
	}
	for range rotations {
		all, dials := done.each(), p.Stats().Dials
		noError(t, p.SetTLS(t.Context(), ca.agent()))
		await(t, "calls on a new session", func() bool {
			return p.Stats().Dials > dials && all(4) || t.Failed()
		})
	}
	finish()
	wg.Wait()
	await(t, "the old sessions' ends", func() bool { return p.Stats().Sessions == 1 })
	if st := p.Stats(); st.Failures != 0 || st.Dials < rotations {
		t.Errorf("%+v", st)
	}
}

func TestACallOnAReplacedSessionLearnsThatItsServerIsSilent(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	s := ca.server()
	held := holdCalls(t, s)
	var down atomic.Int64
	p := newPool(t, pool.Config{
		TLS: ca.agent(), SilenceLimit: 200 * time.Millisecond, PingTimeout: time.Second, // far below HoldTimeout
		DrainTimeout: time.Millisecond,
	}, poolhooks.Hooks{Down: func(string, error) { down.Add(1) }})
	old := call(within(t), p, s.Addr(), "Test.Hold", "old")
	receive(t, "the call", held.entered)
	noError(t, p.SetTLS(t.Context(), ca.agent()))
	await(t, "the session in its place", func() bool { return p.Stats().Dials == 2 && inUse(p) == 0 })
	s.Freeze()
	defer s.Thaw()
	lost(t, receive(t, "the call", old).err, pool.ErrSilent)
	await(t, "the old session's end", func() bool { return p.Stats().Sessions == 1 })
	if n := down.Load(); n != 0 {
		t.Errorf("%d times down by a session that is not in use", n)
	}
}
