package pool_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// whereIs is the address that calls to addr reach.
func whereIs(t *testing.T, p *pool.Pool, addr string) string {
	t.Helper()
	var where string
	noError(t, p.Call(within(t), addr, "Test.Where", nil, &where))
	return where
}

// telling has each server tell where it is.
func telling(servers ...*testutil.Server) []string {
	var addrs []string
	for _, s := range servers {
		s.Handle("Test.Where", func(context.Context, *testutil.Request) (any, error) { return s.Addr(), nil })
		addrs = append(addrs, s.Addr())
	}
	return addrs
}

// firstOf is the address that the last dial began with; the others of begun are dropped.
func firstOf(t *testing.T, begun <-chan string) string {
	t.Helper()
	first := receive(t, "a dial", begun)
	for len(begun) > 0 {
		<-begun
	}
	return first
}

func TestAgentsAreSpreadOverTheAddressesOfAName(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	s := startTwins(t, testutil.ServerConfig{}, hosts...)
	n.points(hosts...)
	for range 60 { // that one gets none of them has a chance of one in ten thousand millions
		ping(t, newPool(t, pool.Config{Resolver: n.Resolver()}), at(s[0].Addr()))
	}
	for _, s := range s {
		if s.Counts().Accepted == 0 {
			t.Errorf("no agent is on %s", s.Addr())
		}
	}
}

func TestADialBeginsWithAnotherAddressThanTheOneThatJustFailed(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*testutil.Server){
		"the session broke":     func(s *testutil.Server) { s.Kill(); _ = s.Restart() },
		"the server is leaving": (*testutil.Server).GoAway,
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startDNS(t)
			hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
			s := startTwins(t, testutil.ServerConfig{}, hosts...)
			n.points(hosts...)
			addrs := telling(s...)
			p := newPool(t, pool.Config{Resolver: n.Resolver()})
			begun := pool.Dialing(p)
			var ended []string
			for range 9 {
				here := whereIs(t, p, at(addrs[0]))
				if first := firstOf(t, begun); slices.Contains(ended[max(len(ended)-2, 0):], first) {
					t.Fatalf("not every address had its turn: %s behind %v", first, ended)
				}
				ended = append(ended, here)
				before := pool.Published(p, at(addrs[0]))
				end(s[slices.Index(addrs, here)])
				await(t, "another session", func() bool {
					_, err := p.Ping(within(t), at(addrs[0]))
					return err == nil && pool.Published(p, at(addrs[0])) != before
				})
			}
		})
	}
}

func TestAResolverThatFailsCostsNothingWhereTheNameWasKnown(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(named){
		"fails":          func(n named) { n.Inject("nomad.test.", dnstest.ServFail) },
		"refuses":        func(n named) { n.Inject("nomad.test.", dnstest.Refused) },
		"is lame":        func(n named) { n.Inject("nomad.test.", dnstest.Lame) },
		"sends garbage":  func(n named) { n.Inject("nomad.test.", dnstest.Malformed) },
		"is silent":      func(n named) { n.Inject("nomad.test.", dnstest.Silent) },
		"forgot it":      func(n named) { n.Remove("nomad.test.") },
		"has no address": func(n named) { n.Remove("nomad.test."); _ = n.Set(`nomad.test. 60 IN TXT "x"`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startDNS(t)
			n.points("127.0.0.1")
			s := startServer(t)
			p := newPool(t, pool.Config{Resolver: n.Resolver()})
			ping(t, p, at(s.Addr()))
			spoil(n)
			for range 2 {
				bounce(t, p, s)
				ping(t, p, at(s.Addr()))
			}
			s.Refuse()
			s.Kill()
			await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
			_, err := p.Ping(within(t), at(s.Addr()))
			e := failed(t, err, pool.PhaseDial, pool.NotSent, nil)
			if as[*net.DNSError](t, err); !strings.Contains(e.Error(), "and where the name led before: ") || !strings.Contains(e.Error(), "connection refused") {
				t.Errorf("%v", e)
			}
		})
	}
}

func TestANameThatIsResolvedAgainIsFollowedAfterTheResolverFailed(t *testing.T) {
	n := startDNS(t)
	n.points("127.0.0.1")
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	addrs := telling(s...)
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	ping(t, p, at(addrs[0]))
	n.Inject("nomad.test.", dnstest.ServFail)
	s[0].Kill()
	_ = s[0].Restart()
	await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
	if where := whereIs(t, p, at(addrs[0])); where != addrs[0] {
		t.Fatal(where)
	}
	n.Heal("nomad.test.")
	n.points("127.0.0.2")
	s[0].Kill()
	_ = s[0].Restart()
	await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
	if where := whereIs(t, p, at(addrs[0])); where != addrs[1] {
		t.Error(where)
	}
}

func TestWhetherANameHasMovedIsFoundOutWithoutADial(t *testing.T) {
	n := startDNS(t)
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	name := at(s[0].Addr())
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	moved := func(addr string, want bool) {
		t.Helper()
		if got, err := pool.Control(p).Moved(within(t), addr); got != want || err != nil {
			t.Errorf("%s: %t, %v; want %t", addr, got, err, want)
		}
	}
	moved(name, false) // there is no session
	if q := n.Queries(); len(q) != 0 {
		t.Errorf("%q", q)
	}
	n.points("127.0.0.1")
	ping(t, p, name)
	ping(t, p, s[0].Addr())
	moved(name, false)
	moved(s[0].Addr(), false)
	n.points("127.0.0.2", "127.0.0.1")
	moved(name, false)
	n.points("127.0.0.2")
	moved(name, true)
	moved(name, true)
	n.Inject("nomad.test.", dnstest.ServFail)
	if got, err := pool.Control(p).Moved(within(t), name); got || as[*net.DNSError](t, err) == nil {
		t.Errorf("%t, %v", got, err)
	}
	if st := p.Stats(); st.Dials != 2 || st.Sessions != 2 {
		t.Errorf("%+v", st)
	}
}

func TestABetterSessionTakesOverAndTheCallsOnTheOldOneEndWell(t *testing.T) {
	n := startDNS(t)
	hosts := []string{"127.0.0.1", "127.0.0.2"}
	s := startTwins(t, testutil.ServerConfig{}, hosts...)
	addrs := telling(s...)
	n.points("127.0.0.1")
	down, renewed := make(chan string, 10), make(chan string, 10)
	p := newPool(t, pool.Config{Resolver: n.Resolver(), DrainTimeout: time.Millisecond}, poolhooks.Hooks{
		Down: func(addr string, err error) { down <- fmt.Sprint(addr, err) }, Renewed: func(addr string) { renewed <- addr },
	})
	begun := pool.Dialing(p)
	held := holdCalls(t, s[0])
	old := call(within(t), p, at(addrs[0]), "Test.Hold", "old")
	receive(t, "the call", held.entered)
	firstOf(t, begun)
	n.points(hosts...) // the other one is to be tried first
	s[0].Refuse()      // or a slow machine would try both, and this one could be quicker
	asked := make(chan string, 1)
	err := pool.Control(p).Renew(within(t), at(addrs[0]), func(ctx context.Context, do func(context.Context, string, any, any) error) error {
		var where string
		err := do(ctx, "Test.Where", nil, &where)
		asked <- where
		return err
	})
	noError(t, err)
	if first := firstOf(t, begun); first != addrs[1] {
		t.Errorf("%s was tried first, where the old one is", first)
	}
	if where := receive(t, "the proof", asked); where != addrs[1] {
		t.Errorf("it was dialed at %s, where the old one is", where)
	}
	if got := receive(t, "the report", renewed); got != at(addrs[0]) {
		t.Error(got)
	}
	if where := whereIs(t, p, at(addrs[0])); where != addrs[1] {
		t.Errorf("calls go to %s", where)
	}
	close(held.release)
	if r := receive(t, "the call on the old one", old); r.err != nil || r.reply != "old" {
		t.Errorf("%v, %v", r.reply, r.err)
	}
	await(t, "the old session's end", func() bool { return p.Stats().Sessions == 1 && s[0].Counts().Open == 0 })
	if len(down) > 0 {
		t.Errorf("a server was judged: %s", <-down)
	}
}

func TestABetterSessionIsSoughtAtAnotherAddressFirst(t *testing.T) {
	n := startDNS(t)
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	s := startTwins(t, testutil.ServerConfig{}, hosts...)
	addrs := telling(s...)
	n.points(hosts...)
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	begun := pool.Dialing(p)
	here := whereIs(t, p, at(addrs[0]))
	firstOf(t, begun)
	for range 12 {
		noError(t, pool.Control(p).Renew(within(t), at(addrs[0]), nil))
		if firstOf(t, begun) == here {
			t.Fatalf("the second session is sought at %s first as well", here)
		}
		here = whereIs(t, p, at(addrs[0]))
	}
}

func TestWhileAServerIsLeavingItsNameIsDialedElsewhere(t *testing.T) {
	n := startDNS(t)
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	s := startTwins(t, testutil.ServerConfig{}, hosts...)
	addrs := telling(s...)
	n.points(hosts...)
	for range 12 {
		p := newPool(t, pool.Config{Resolver: n.Resolver()})
		begun := pool.Dialing(p)
		here := whereIs(t, p, at(addrs[0]))
		firstOf(t, begun)
		from := s[slices.Index(addrs, here)]
		held := holdCalls(t, from)
		old := call(within(t), p, at(addrs[0]), "Test.Hold", "x") // the session lives on
		receive(t, "the call", held.entered)
		from.GoAway()
		await(t, "the farewell", func() bool { return p.Stats().CallsInFlight == 0 })
		whereIs(t, p, at(addrs[0]))
		if firstOf(t, begun) == here {
			t.Fatalf("the new session is sought first at %s, which is leaving", here)
		}
		close(held.release)
		receive(t, "the call's end", old)
		stop(t, p.Stop)
	}
}

func TestASessionThatIsNotProvenChangesNothing(t *testing.T) {
	testutil.VerifyNone(t)
	n := startDNS(t)
	hosts := []string{"127.0.0.1", "127.0.0.2"}
	s := startTwins(t, testutil.ServerConfig{}, hosts...)
	addrs := telling(s...)
	n.points("127.0.0.1")
	down := make(chan string, 10)
	p := newPool(t, pool.Config{Resolver: n.Resolver()}, poolhooks.Hooks{Down: func(addr string, err error) { down <- fmt.Sprint(addr, err) }})
	ping(t, p, at(addrs[0]))
	n.points("127.0.0.2")
	no := errors.New("no better")
	for i := range 3 {
		err := pool.Control(p).Renew(within(t), at(addrs[0]), func(ctx context.Context, do func(context.Context, string, any, any) error) error {
			if err := do(ctx, "Test.Where", nil, nil); err != nil {
				t.Errorf("the proof's call: %v", err)
			}
			return no
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		await(t, "the new session's end", func() bool { return s[1].Counts().Accepted == int64(i+1) && s[1].Counts().Open == 0 })
	}
	s[1].Refuse()
	if err := pool.Control(p).Renew(within(t), at(addrs[0]), nil); err == nil || as[*pool.DialError](t, err).Addr != at(addrs[0]) {
		t.Error(err)
	}
	if where := whereIs(t, p, at(addrs[0])); where != addrs[0] || s[0].Counts().Accepted != 1 {
		t.Errorf("calls go to %s", where)
	}
	if len(down) > 0 {
		t.Errorf("a server was judged: %s", <-down)
	}
	if err := pool.Control(p).Renew(within(t), "127.0.0.9:1", nil); !errors.Is(err, poolcore.ErrNotRenewed) {
		t.Error(err)
	}
	stop(t, p.Stop)
	if err := pool.Control(p).Renew(within(t), at(addrs[0]), nil); !errors.Is(err, pool.ErrStopped) {
		t.Error(err)
	}
}

func TestStopEndsAProofThatIsUnderWay(t *testing.T) {
	testutil.VerifyNone(t)
	s := startServer(t)
	held := holdCalls(t, s)
	p := newPool(t, pool.Config{})
	ping(t, p, s.Addr())
	renewed := make(chan error, 1)
	go func() {
		renewed <- pool.Control(p).Renew(t.Context(), s.Addr(), func(ctx context.Context, do func(context.Context, string, any, any) error) error {
			return do(ctx, "Test.Hold", "x", nil)
		})
	}()
	receive(t, "the proof's call", held.entered)
	stop(t, p.Stop)
	if err := receive(t, "the end", renewed); !errors.Is(err, pool.ErrStopped) {
		t.Error(err)
	}
}

func TestBlockingReadsMoveToABetterSession(t *testing.T) {
	s := startServer(t)
	held := holdCalls(t, s)
	p := newPool(t, pool.Config{})
	moved := make(chan error, 1)
	go func() {
		moved <- p.Do(t.Context(), s.Addr(), &pool.Request{
			Method: "Test.Hold", Args: "x", Block: time.Minute, Moved: make(chan struct{}),
		})
	}()
	receive(t, "the read", held.entered)
	noError(t, pool.Control(p).Renew(within(t), s.Addr(), nil))
	if err := receive(t, "the read's end", moved); !errors.Is(err, pool.ErrMoved) || !errors.Is(err, pool.ErrRenewed) {
		t.Error(err)
	}
}
