package dns_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// atOnce is the most that what needs no time may take.
const atOnce = 2500 * time.Millisecond

func TestEachAnswerThatIsNoneHasItsReason(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "there.test. 1 IN TXT hello", "one.test. 1 IN A 192.0.2.1",
		"zero.test. 1 IN A 0.0.0.0", "zero.test. 1 IN A 224.0.0.1", "zero.test. 1 IN AAAA ::",
		"_none._tcp.test. 1 IN SRV 0 0 0 .", "_port._tcp.test. 1 IN SRV 0 0 0 one.test.", "loop.test. 1 IN CNAME gone.test.")
	for _, c := range []struct {
		name   string
		fault  dnstest.Fault
		reason error
	}{
		{"gone.test.", 0, dns.ErrNoSuchName},
		{"_gone._tcp.test.", 0, dns.ErrNoSuchName},
		{"there.test.", 0, dns.ErrNoData},
		{"zero.test.", 0, dns.ErrUnusable},
		{"_none._tcp.test.", 0, dns.ErrNotOffered},
		{"_port._tcp.test.", 0, dns.ErrUnusable},
		{"loop.test.", 0, dns.ErrNoSuchName},
		{"one.test.", dnstest.ServFail, dns.ErrServerFailure},
		{"_none._tcp.test.", dnstest.ServFail, dns.ErrServerFailure},
		{"one.test.", dnstest.Refused, dns.ErrRefused},
		{"one.test.", dnstest.Malformed, dns.ErrMalformed},
		{"one.test.", dnstest.Lame, dns.ErrMalformed},
	} {
		if c.fault != 0 {
			s.Inject(c.name, c.fault)
		}
		e := failure(t, discoverer(t, s, dns.Config{Names: []string{c.name}}), c.reason)
		s.Heal(c.name)
		kind, asked := "A/AAAA", s.Addr()
		if strings.HasPrefix(c.name, "_") {
			kind = "SRV"
		}
		if c.reason == dns.ErrUnusable || c.reason == dns.ErrNotOffered {
			asked = "" // the resolver did its part
		}
		if e.Name != c.name || e.Type != kind || e.Target != "" || e.Resolver != asked {
			t.Errorf("%+v", e)
		}
		if d, ok := errors.AsType[*net.DNSError](e); asked != "" && (!ok || d.Server != asked || !strings.HasPrefix(d.Name, strings.TrimSuffix(c.name, "."))) {
			t.Errorf("%v: with it %+v, want the resolver and the question", e, d)
		}
	}
}

func TestGarbageIsMalformedWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	s.Inject("one.test.", dnstest.Garbage)
	fails(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}, Timeout: moment, Attempts: 1}), dns.ErrMalformed)
}

func TestATruncatedAnswerIsHadOverTCP(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	s.Inject("one.test.", dnstest.Truncated)
	finds(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}}), "192.0.2.1:4647")
}

func TestATruncatedAnswerWithoutTCPIsReported(t *testing.T) {
	s := startDNS(t, dnstest.Config{NoTCP: true}, "one.test. 1 IN A 192.0.2.1")
	s.Inject("one.test.", dnstest.Truncated)
	e := failure(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}}), dns.ErrTruncated)
	if !errors.Is(e, syscall.ECONNREFUSED) || !strings.Contains(e.Error(), "connection refused") {
		t.Errorf("%v", e)
	}
}

func TestASilentResolverEndsWithItsTimeout(t *testing.T) {
	const limit = 50 * time.Millisecond
	d := discoverer(t, nil, dns.Config{Names: []string{"one.test."}, Resolvers: []string{silentResolver(t)}, Timeout: limit, Attempts: 3})
	begin, watch := time.Now(), testutil.StartStopwatch(t)
	fails(t, d, dns.ErrTimeout)
	if took, ran := time.Since(begin), watch.Elapsed(); took < 3*limit || ran > 3*limit+atOnce {
		t.Errorf("after %v, of which %v were run, want three times %v", took, ran, limit)
	}
}

// No resolver was asked, so none has answered that there is no such name.
func TestATimeThatIsOverBeforeAnybodyIsAskedIsATimeout(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	for _, name := range []string{"one.test.", "_rpc._tcp.test."} {
		d := discoverer(t, s, dns.Config{Names: []string{name}, Timeout: time.Nanosecond})
		if e := failure(t, d, dns.ErrTimeout); e.Resolver != s.Addr() {
			t.Errorf("%+v", e)
		}
	}
	if q := s.Queries(); len(q) != 0 {
		t.Errorf("%q: the test shows nothing", q)
	}
}

func TestAResolverIsAskedNoOftenerThanConfigured(t *testing.T) {
	t.Parallel()
	s := startDNS(t, dnstest.Config{})
	s.Inject("one.test.", dnstest.Silent)
	fails(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}, Timeout: moment, Attempts: 2}), dns.ErrTimeout)
	look := time.NewTicker(time.Millisecond) // what was sent may not have been read yet
	defer look.Stop()
	for late := within(t); len(s.Queries()) < 4 && late.Err() == nil; {
		<-look.C
	}
	q := slices.Sorted(slices.Values(s.Queries()))
	if want := []string{"udp A one.test.", "udp A one.test.", "udp AAAA one.test.", "udp AAAA one.test."}; !slices.Equal(q, want) {
		t.Errorf("%q, want %q", q, want)
	}
}

func TestASilentResolverEndsWithTheContext(t *testing.T) {
	d := discoverer(t, nil, dns.Config{Names: []string{"one.test.", "_rpc._tcp.test."}, Resolvers: []string{silentResolver(t)}, Timeout: patience})
	for _, c := range []struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 50*time.Millisecond)
		}, context.DeadlineExceeded},
		{func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, stop := context.WithCancel(ctx)
			time.AfterFunc(50*time.Millisecond, stop)
			return ctx, stop
		}, context.Canceled},
	} {
		ctx, stop := c.end(t.Context())
		watch := testutil.StartStopwatch(t)
		found, err := d.Discover(ctx)
		stop()
		_ = why(t, found, err, dns.ErrInterrupted)
		if ran := watch.Elapsed(); !errors.Is(err, c.want) || ran > atOnce {
			t.Errorf("%v after %v, want %v at once", err, ran, c.want)
		}
	}
}

func TestADeadResolverHasTheKernelsError(t *testing.T) {
	dead := deadResolver(t)
	e := failure(t, discoverer(t, nil, dns.Config{Names: []string{"one.test."}, Resolvers: []string{dead}}), dns.ErrUnreachable)
	if !errors.Is(e, syscall.ECONNREFUSED) || e.Resolver != dead || !strings.Contains(e.Error(), "connection refused") {
		t.Errorf("%v", e)
	}
}

func TestTheSecondResolverIsAskedWhenTheFirstIsOfNoUseAndThenFirst(t *testing.T) {
	t.Parallel()
	s, bad := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1"), startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.2")
	for _, c := range []struct {
		first   string
		fault   dnstest.Fault
		timeout time.Duration
	}{
		{deadResolver(t), 0, patience},
		{silentResolver(t), 0, moment},
		{bad.Addr(), dnstest.ServFail, patience},
		{bad.Addr(), dnstest.Refused, patience},
		{bad.Addr(), dnstest.Malformed, patience},
	} {
		if c.fault != 0 {
			bad.Inject("one.test.", c.fault)
		}
		d := discoverer(t, nil, dns.Config{Names: []string{"one.test."}, Resolvers: []string{c.first, s.Addr()}, Timeout: c.timeout})
		finds(t, d, "192.0.2.1:4647")
		before := len(bad.Queries())
		bad.Heal("one.test.")
		finds(t, d, "192.0.2.1:4647")
		if n := len(bad.Queries()); n != before {
			t.Errorf("%v: asked %d times although the other answered last", c, n-before)
		}
	}
}

func TestThatANameDoesNotExistIsNotAskedTwice(t *testing.T) {
	first, second := startDNS(t, dnstest.Config{}), startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	d := discoverer(t, nil, dns.Config{Names: []string{"one.test."}, Resolvers: []string{first.Addr(), second.Addr()}})
	fails(t, d, dns.ErrNoSuchName)
	if q := second.Queries(); len(q) > 0 {
		t.Errorf("%q", q)
	}
}

func TestTheErrorNamesEachNameAndEachResolverAndWhy(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "_rpc._tcp.test. 1 IN SRV 1 1 1 gone.test.")
	s.Inject("one.test.", dnstest.Refused)
	dead := deadResolver(t)
	_, err := discoverer(t, nil, dns.Config{Names: []string{"one.test.", "two.test.", "_rpc._tcp.test."}, Resolvers: []string{s.Addr(), dead}}).Discover(within(t))
	for _, part := range []string{
		"dns: no server found: one.test., A/AAAA at " + s.Addr() + ": the resolver refuses the question (REFUSED); ",
		"one.test., A/AAAA at " + dead + ": the resolver cannot be reached: ",
		"; two.test., A/AAAA at " + s.Addr() + ": no such name (NXDOMAIN); ",
		"; _rpc._tcp.test. (target gone.test.), A/AAAA at " + s.Addr() + ": no such name (NXDOMAIN)",
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nhas no %q", err, part)
		}
	}
}

func TestALongErrorIsCutShort(t *testing.T) {
	s := startDNS(t, dnstest.Config{})
	_, err := discoverer(t, s, dns.Config{Names: slices.Repeat([]string{"gone.test."}, 20)}).Discover(within(t))
	if none, ok := errors.AsType[*dns.NoServersError](err); !ok || len(none.Lookups) != 20 || !strings.HasSuffix(err.Error(), "; and 12 more") {
		t.Errorf("%v", err)
	}
}

func TestANameThatFailsDoesNotHideTheOthersAndIsLogged(t *testing.T) {
	t.Parallel()
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "slow.test. 1 IN A 192.0.2.2",
		"_rpc._tcp.test. 1 IN SRV 1 1 1 gone.test.", "_rpc._tcp.test. 1 IN SRV 1 1 2 one.test.")
	s.Inject("slow.test.", dnstest.Silent)
	var log bytes.Buffer
	d := discoverer(t, s, dns.Config{
		Names:   []string{"slow.test.", "gone.test.", "_rpc._tcp.test.", "one.test."},
		Timeout: moment, Attempts: 1, Logger: zerolog.New(&log),
	})
	finds(t, d, "192.0.2.1:4647", "192.0.2.1:2")
	dns.Written(d)
	for _, part := range []string{`"name":"slow.test."`, "did not answer in time", `"name":"gone.test."`, "target gone.test."} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log has no %q:\n%s", part, &log)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 3 {
		t.Errorf("%d lines, want 3:\n%s", n, &log)
	}
}

// blocking is a log's writer that returns when it is closed.
type blocking chan struct{}

func (b blocking) Write(line []byte) (int, error) {
	<-b
	return len(line), nil
}

func TestALogThatBlocksHoldsNoDiscoveryUp(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	release := make(blocking)
	defer close(release)
	d := discoverer(t, s, dns.Config{Names: []string{"gone.test.", "one.test."}, Logger: zerolog.New(release)})
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		for range 3 {
			if found, err := d.Discover(within(t)); err != nil || !slices.Equal(found, []string{"192.0.2.1:4647"}) {
				t.Errorf("found %q, %v", found, err)
			}
		}
	}()
	select {
	case <-returned:
	case <-time.After(patience):
		t.Error("a discovery waits for the log's writer")
	}
}

func TestServersFoundBeforeTheContextEndsAreReturned(t *testing.T) {
	t.Parallel()
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "slow.test. 1 IN A 192.0.2.2")
	s.Inject("slow.test.", dnstest.Silent)
	ctx, stop := context.WithTimeout(t.Context(), moment)
	defer stop()
	found, err := discoverer(t, s, dns.Config{Names: []string{"slow.test.", "one.test."}, Timeout: patience}).Discover(ctx)
	if err != nil || !slices.Equal(found, []string{"192.0.2.1:4647"}) {
		t.Errorf("%q, %v", found, err)
	}
}

func TestOneFamilyThatFailsDoesNotHideTheOther(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN AAAA 2001:db8::1")
	finds(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}}), "[2001:db8::1]:4647")
}
