package pool_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func TestANameThatChangesItsAddressIsFollowed(t *testing.T) {
	n := startDNS(t)
	old := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	n.points("127.0.0.1")
	ping(t, p, at(old[0].Addr()))
	n.points("127.0.0.2")
	ping(t, p, at(old[0].Addr()))
	if a, b := old[0].Counts().Accepted, old[1].Counts().Accepted; a != 1 || b != 0 {
		t.Fatalf("%d and %d connections: the session is there", a, b)
	}
	old[0].Kill()
	await(t, "the old session's end", func() bool { return p.Stats().Sessions == 0 })
	ping(t, p, at(old[0].Addr()))
	if n := old[1].Counts().Accepted; n != 1 {
		t.Fatalf("%d connections to the new address", n)
	}
}

func TestAnAddressThatDoesNotWorkCostsLittleWhereverItStands(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	for name, hosts := range map[string][2]string{
		"IPv4":       {"127.0.0.1", "127.0.0.2"},
		"IPv4, IPv6": {"127.0.0.1", "::1"},
		"IPv6, IPv4": {"::1", "127.0.0.1"},
	} {
		for _, dead := range []string{"refuses", "is frozen"} {
			t.Run(name+" "+dead, func(t *testing.T) {
				for _, order := range [][]string{hosts[:], {hosts[1], hosts[0]}} {
					var s *testutil.Server
					var m *mute
					if dead == "is frozen" {
						s, m = startMute(t, hosts[1], hosts[0])
					} else {
						twins := startTwins(t, testutil.ServerConfig{}, hosts[0], hosts[1])
						s = twins[0]
						twins[1].Refuse() // and keeps the port from everybody else
					}
					down := make(chan string, 100)
					p := newPool(t, pool.Config{Resolver: n.Resolver(), DialTimeout: patience}, poolhooks.Hooks{
						Down: func(addr string, err error) { down <- fmt.Sprint(addr, err) },
					})
					n.points(order...)
					watch := testutil.StartStopwatch(t)
					ping(t, p, at(s.Addr()))
					if ran := watch.Elapsed(); ran > patience/4 {
						t.Errorf("after %v", ran)
					}
					if m != nil && len(m.accepted) > 0 { // either may be the first
						receive(t, "the end of the connection that lost", m.closed)
					}
					if st := p.Stats(); st.Sessions != 1 || st.Dials != 1 || st.DialFailures != 0 || len(down) > 0 {
						t.Errorf("%+v, %d servers down: the loser of a race is not judged", st, len(down))
					}
				}
			})
		}
	}
}

func TestAFrozenAddressIsLeftForTheNextOneOfItsName(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	n.points("127.0.0.1", "127.0.0.2")
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	p := newPool(t, pool.Config{Resolver: n.Resolver(), DialTimeout: patience})
	s[0].Freeze()
	s[1].Freeze()
	c := call(within(t), p, at(s[0].Addr()), "Echo.Echo", "x")
	await(t, "both being tried", func() bool { return s[0].Counts().Accepted == 1 && s[1].Counts().Accepted == 1 })
	s[1].Thaw()
	if r := receive(t, "the call", c); r.err != nil || r.reply != "x" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	s[0].Thaw()
	await(t, "the other connection's end", func() bool { return s[0].Counts().Open == 0 && s[1].Counts().Open == 1 })
}

func TestOfTwoSessionsThatComeUpTogetherOneIsLeft(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	n.points("127.0.0.1", "127.0.0.2")
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	for range 5 {
		p := newPool(t, pool.Config{Resolver: n.Resolver(), DialTimeout: patience})
		before := [2]int64{s[0].Counts().Accepted, s[1].Counts().Accepted}
		s[0].Freeze()
		s[1].Freeze()
		c := call(within(t), p, at(s[0].Addr()), "Echo.Echo", "x")
		await(t, "both being tried", func() bool { return s[0].Counts().Accepted > before[0] && s[1].Counts().Accepted > before[1] })
		s[0].Thaw()
		s[1].Thaw()
		if r := receive(t, "the call", c); r.err != nil {
			t.Fatal(r.err)
		}
		await(t, "one connection", func() bool { return s[0].Counts().Open+s[1].Counts().Open == 1 })
		if st := p.Stats(); st.Sessions != 1 || st.Dials != 1 {
			t.Fatalf("%+v", st)
		}
		stop(t, p.Stop)
		await(t, "no connection", func() bool { return s[0].Counts().Open+s[1].Counts().Open == 0 })
	}
}

func TestManyCallersShareOneRace(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	n.points("127.0.0.1", "127.0.0.2")
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	s[0].Freeze()
	s[1].Freeze()
	p := newPool(t, pool.Config{Resolver: n.Resolver(), DialTimeout: patience})
	all := make([]<-chan result, 200)
	for i := range all {
		all[i] = call(within(t), p, at(s[0].Addr()), "Echo.Echo", i)
	}
	await(t, "both being tried", func() bool {
		return s[0].Counts().Accepted == 1 && s[1].Counts().Accepted == 1 && p.Stats().Calls == 200
	})
	s[1].Thaw()
	for i, c := range all {
		if r := receive(t, "a call", c); r.err != nil || r.reply != int64(i) {
			t.Fatalf("call %d: %v, %v", i, r.reply, r.err)
		}
	}
	if st := p.Stats(); st.Dials != 1 || s[1].Counts().Accepted != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestWhenNoAddressWorksTheErrorTellsOfEach(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	n.points("127.0.0.1", "127.0.0.2", "127.0.0.3")
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2", "127.0.0.3")
	s[0].Refuse()
	s[1].Freeze()
	s[2].Refuse()
	p := newPool(t, pool.Config{Resolver: n.Resolver(), DialTimeout: time.Second})
	over, dialed := pool.DialLimit(p), pool.Dialed(p)
	c := call(within(t), p, at(s[0].Addr()), "Echo.Echo", 1)
	for range s {
		receive(t, "the dial of each", dialed)
	}
	await(t, "the handshake", func() bool { return p.Stats().BytesOut > 0 })
	over()
	err := receive(t, "the call", c).err
	failed(t, err, pool.PhaseHandshake, pool.NotSent, syscall.ECONNREFUSED)
	if e := as[*pool.DialError](t, err); e.Addr != at(s[0].Addr()) || e.Phase != pool.PhaseHandshake || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v", e)
	}
	for _, part := range []string{
		": handshake: none of 3 addresses works: ", ": dial: connection refused", s[0].Addr(), s[1].Addr() + ": no answer within 1s", s[2].Addr(),
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nhas no %q", err, part)
		}
	}
}

func TestStopDuringARaceLeavesNothingBehind(t *testing.T) {
	testutil.VerifyNone(t)
	n := startDNS(t)
	n.points("127.0.0.1", "127.0.0.2")
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	s[0].Freeze()
	s[1].Freeze()
	p, err := pool.New(pool.Far(pool.Config{Resolver: n.Resolver(), DialTimeout: patience}))
	noError(t, err)
	c := call(within(t), p, at(s[0].Addr()), "Echo.Echo", 1)
	await(t, "both being tried", func() bool { return s[0].Counts().Accepted == 1 && s[1].Counts().Accepted == 1 })
	watch := testutil.StartStopwatch(t)
	stop(t, p.Stop)
	if ran := watch.Elapsed(); ran > patience/4 {
		t.Errorf("Stop took %v", ran)
	}
	failed(t, receive(t, "the call", c).err, pool.PhaseDial, pool.NotSent, pool.ErrStopped)
}

func TestEachAddressOfANameIsTriedOnceUntilOneAnswers(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	var hosts []string
	for i := range 6 {
		hosts = append(hosts, fmt.Sprintf("127.0.3.%d", i+1))
	}
	n.points(hosts...)
	s := startTwins(t, testutil.ServerConfig{}, hosts...)
	for _, s := range s {
		s.Freeze()
	}
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	c := call(within(t), p, at(s[0].Addr()), "Echo.Echo", "x")
	for i, s := range s {
		await(t, fmt.Sprint("address ", i), func() bool { return s.Counts().Accepted > 0 })
	}
	s[3].Thaw()
	if r := receive(t, "the call", c); r.err != nil {
		t.Fatal(r.err)
	}
	for i, s := range s {
		if n := s.Counts().Accepted; n != 1 {
			t.Errorf("address %d was tried %d times", i, n)
		}
	}
}

func TestNoMoreThanSixteenAddressesOfANameAreTried(t *testing.T) {
	n := startDNS(t)
	var hosts []string
	for i := range 40 {
		hosts = append(hosts, fmt.Sprintf("127.0.4.%d", i+1))
	}
	n.points(hosts...)
	s := startServer(t) // for a port on which no other host listens
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	_, err := p.Ping(within(t), at(s.Addr()))
	failed(t, err, pool.PhaseDial, pool.NotSent, syscall.ECONNREFUSED)
	if text := err.Error(); !strings.Contains(text, "none of 16 addresses works") || strings.Count(text, "127.0.4.") != 8 || !strings.Contains(text, "and 8 more") {
		t.Errorf("%v", err)
	}
}

func TestANameThatDoesNotResolveFailsToDialAndComesBack(t *testing.T) {
	n := startDNS(t)
	s := startServer(t)
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	_, err := p.Ping(within(t), at(s.Addr()))
	failed(t, err, pool.PhaseDial, pool.NotSent, nil)
	if e, d := as[*pool.DialError](t, err), as[*net.DNSError](t, err); e.Phase != pool.PhaseDial || e.Addr != at(s.Addr()) || !d.IsNotFound || d.Name != "nomad.test." {
		t.Errorf("%+v: %+v", e, d)
	}
	n.points("127.0.0.1")
	ping(t, p, at(s.Addr()))
}

func TestAResolverThatIsSilentEndsWithTheDialTimeout(t *testing.T) {
	n := startDNS(t)
	n.Inject("nomad.test.", dnstest.Silent)
	p := newPool(t, pool.Config{Resolver: n.Resolver(), DialTimeout: 50 * time.Millisecond})
	watch := testutil.StartStopwatch(t)
	_, err := p.Ping(within(t), "nomad.test.:4647")
	e := failed(t, err, pool.PhaseDial, pool.NotSent, context.DeadlineExceeded)
	as[*net.DNSError](t, err)
	if ran := watch.Elapsed(); ran > patience/4 || !strings.Contains(e.Error(), "no answer within 50ms") {
		t.Errorf("%v after %v", err, ran)
	}
}

func TestASingleAddressIsDialedAsAnAddressIs(t *testing.T) {
	n := startDNS(t)
	n.points("127.0.0.1")
	s := startServer(t)
	s.Refuse()
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	var causes []string
	for _, addr := range []string{at(s.Addr()), s.Addr()} {
		_, err := p.Ping(within(t), addr)
		failed(t, err, pool.PhaseDial, pool.NotSent, syscall.ECONNREFUSED)
		causes = append(causes, as[*pool.DialError](t, err).Err.Error())
	}
	if want := "dial tcp " + s.Addr() + ": connect: connection refused"; causes[0] != want || causes[1] != want {
		t.Errorf("%q", causes)
	}
}

func TestAnAddressIsNotAskedFor(t *testing.T) {
	n := startDNS(t)
	s := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "::1")
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	ping(t, p, s[0].Addr())
	ping(t, p, s[1].Addr())
	if q := n.Queries(); len(q) > 0 {
		t.Errorf("%q", q)
	}
}

func TestADialOfOnesOwnGetsTheName(t *testing.T) {
	s := startServer(t)
	got := make(chan string, 10)
	p := newPool(t, pool.Config{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		got <- addr
		return new(net.Dialer).DialContext(ctx, network, s.Addr())
	}})
	ping(t, p, "nomad.test:4647")
	if addr := receive(t, "the address", got); addr != "nomad.test:4647" {
		t.Errorf("%q", addr)
	}
}

func TestAResolverTogetherWithADialIsRefused(t *testing.T) {
	p, err := pool.New(pool.Config{Resolver: net.DefaultResolver, Dial: new(net.Dialer).DialContext})
	if e := as[*pool.ConfigError](t, err); p != nil || e.Field != "Resolver" {
		t.Errorf("%v, %v", p, err)
	}
}

func TestCredentialsAreTriedOnAllAddressesOfAName(t *testing.T) {
	t.Parallel()
	n, ca := startDNS(t), newAuthority(t)
	cfg := ca.ServerTLS(ca.issue("server.global.nomad"), "global")
	s := startTwins(t, testutil.ServerConfig{TLS: cfg}, "127.0.0.1", "127.0.0.2")
	p := newPool(t, pool.Config{TLS: ca.agent(), Resolver: n.Resolver(), DialTimeout: patience, DrainTimeout: time.Millisecond})
	n.points("127.0.0.2")
	ping(t, p, at(s[0].Addr()))
	for _, order := range [][]string{{"127.0.0.1", "127.0.0.2"}, {"127.0.0.2", "127.0.0.1"}} {
		n.points(order...)
		s[0].Freeze()
		watch := testutil.StartStopwatch(t)
		noError(t, p.SetTLS(t.Context(), ca.agent()))
		if ran := watch.Elapsed(); ran > patience/4 {
			t.Errorf("after %v", ran)
		}
		await(t, "the new session", func() bool { return p.Stats().Sessions == 1 })
		ping(t, p, at(s[0].Addr()))
	}
}

func TestTheNameServerIsAskedAtEachDial(t *testing.T) {
	n := startDNS(t)
	n.points("127.0.0.1")
	s := startServer(t)
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	for i := range 3 {
		ping(t, p, at(s.Addr()))
		asked := slices.DeleteFunc(slices.Clone(n.Queries()), func(q string) bool { return q != "udp A nomad.test." })
		if len(asked) != i+1 {
			t.Errorf("%d questions after %d dials", len(asked), i+1)
		}
		bounce(t, p, s)
	}
}

func TestANameIsResolvedByANameServerThatDoesNotKnowEDNS(t *testing.T) {
	for _, f := range []dnstest.Fault{dnstest.NoEDNS, dnstest.NoEDNSBare, dnstest.NotDoneEDNS, dnstest.BadVersionEDNS, dnstest.BrokenEDNS} {
		n, s := startDNS(t), startServer(t)
		n.points("127.0.0.1")
		n.Inject("nomad.test.", f)
		p := newPool(t, pool.Config{Resolver: n.Resolver()})
		ping(t, p, at(s.Addr()))
		with, before := n.EDNS()
		s.Kill()
		noError(t, s.Restart())
		await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
		ping(t, p, at(s.Addr()))
		if again, without := n.EDNS(); again != with || without == before {
			t.Errorf("fault %d: asked %d times more with EDNS, and %d without", f, again-with, without-before)
		}
	}
}
