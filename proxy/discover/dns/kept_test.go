package dns_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// keeps discovers although no resolver answers for name, and wants what was found before.
func keeps(t *testing.T, d *dns.Discoverer, name string, reason error, want ...string) {
	t.Helper()
	found, failed := d.Lookup(within(t))
	var got []string
	for _, f := range found {
		got = append(got, f.Addr)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if len(failed) == 0 || !slices.ContainsFunc(failed, func(e *dns.LookupError) bool {
		return e.Kept > 0 && e.Name == name && e.Resolver != "" && errors.Is(e, reason) && strings.Contains(e.Error(), "are kept")
	}) {
		t.Errorf("failed: %v, want %s for %v and what is kept", failed, name, reason)
	}
}

func TestTheLastAddressesOfANameAreKeptWhileItsResolverFails(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "one.test. 1 IN AAAA 2001:db8::1", "other.test. 1 IN A 192.0.2.9")
	for f, reason := range map[dnstest.Fault]error{
		dnstest.ServFail: dns.ErrServerFailure, dnstest.Refused: dns.ErrRefused, dnstest.Malformed: dns.ErrMalformed,
		dnstest.Lame: dns.ErrMalformed, dnstest.Pointers: dns.ErrMalformed, dnstest.GarbageTCP: dns.ErrTruncated,
	} {
		var log bytes.Buffer
		d := discoverer(t, s, dns.Config{Names: []string{"one.test.", "other.test."}, Logger: zerolog.New(&log)})
		finds(t, d, "192.0.2.1:4647", "[2001:db8::1]:4647", "192.0.2.9:4647")
		s.Inject("one.test.", f)
		keeps(t, d, "one.test.", reason, "192.0.2.1:4647", "[2001:db8::1]:4647", "192.0.2.9:4647")
		finds(t, d, "192.0.2.1:4647", "[2001:db8::1]:4647", "192.0.2.9:4647")
		s.Heal("one.test.")
		dns.Written(d)
		if !strings.Contains(log.String(), `"name":"one.test."`) || !strings.Contains(log.String(), "are kept") {
			t.Errorf("fault %d: the log: %s", f, &log)
		}
	}
}

func TestTheLastAddressesAreKeptWhileNoResolverIsThere(t *testing.T) {
	t.Parallel()
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "_rpc._tcp.test. 1 IN SRV 1 1 5 one.test.")
	for _, f := range []dnstest.Fault{dnstest.Silent, dnstest.Garbage, dnstest.Forged} {
		d := discoverer(t, s, dns.Config{Names: []string{"one.test.", "_rpc._tcp.test."}, Timeout: moment, Attempts: 1})
		finds(t, d, "192.0.2.1:4647", "192.0.2.1:5")
		s.Inject("one.test.", f)
		ctx, stop := context.WithCancel(t.Context())
		stop() // at once: what is known needs no answer
		if found, err := d.Discover(ctx); err != nil || len(found) != 2 {
			t.Errorf("fault %d: %q, %v", f, found, err)
		}
		keeps(t, d, "one.test.", map[bool]error{true: dns.ErrTimeout, false: dns.ErrMalformed}[f == dnstest.Silent], "192.0.2.1:4647", "192.0.2.1:5")
		s.Heal("one.test.")
	}
}

func TestRecordsAndTheAddressesOfTheirTargetsAreKeptEachByItself(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "two.test. 1 IN A 192.0.2.2",
		"_rpc._tcp.test. 1 IN SRV 1 1 5 one.test.", "_rpc._tcp.test. 1 IN SRV 1 1 6 two.test.")
	d := discoverer(t, s, dns.Config{Names: []string{"_rpc._tcp.test."}})
	finds(t, d, "192.0.2.1:5", "192.0.2.2:6")
	s.Inject("two.test.", dnstest.ServFail)
	set(t, s, "one.test. 1 IN A 192.0.2.11")
	finds(t, d, "192.0.2.11:5", "192.0.2.2:6")
	s.Inject("_rpc._tcp.test.", dnstest.Refused)
	set(t, s, "one.test. 1 IN A 192.0.2.12")
	finds(t, d, "192.0.2.12:5", "192.0.2.2:6")
}

func TestThatANameIsGoneIsAnAnswerAndAfterTwoNothingIsKept(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	d := discoverer(t, s, dns.Config{Names: []string{"one.test."}})
	finds(t, d, "192.0.2.1:4647")
	s.Inject("one.test.", dnstest.NoSuchName)
	fails(t, d, dns.ErrNoSuchName)
	s.Inject("one.test.", dnstest.ServFail)
	keeps(t, d, "one.test.", dns.ErrServerFailure, "192.0.2.1:4647")
	s.Inject("one.test.", dnstest.NoSuchName)
	fails(t, d, dns.ErrNoSuchName)
	s.Inject("one.test.", dnstest.ServFail)
	fails(t, d, dns.ErrServerFailure)
}

func TestAKnownNameThatOneResolverDeniesIsAskedForAtTheOthers(t *testing.T) {
	first, second := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1"), startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	d := discoverer(t, nil, dns.Config{Names: []string{"one.test."}, Resolvers: []string{first.Addr(), second.Addr()}})
	finds(t, d, "192.0.2.1:4647")
	set(t, second, "one.test. 1 IN A 192.0.2.2")
	for _, f := range []dnstest.Fault{dnstest.NoSuchName, dnstest.ServFail} {
		first.Inject("one.test.", f)
		finds(t, d, "192.0.2.2:4647")
		first.Heal("one.test.")
	}
	second.Inject("one.test.", dnstest.NoSuchName)
	finds(t, d, "192.0.2.1:4647") // the other way round
	first.Inject("one.test.", dnstest.NoSuchName)
	before := len(first.Queries()) + len(second.Queries())
	fails(t, d, dns.ErrNoSuchName)
	if n := len(first.Queries()) + len(second.Queries()) - before; n != 4 { // A and AAAA at each
		t.Errorf("%d queries", n)
	}
}

func TestForgedAnswersAreNotHeard(t *testing.T) {
	t.Parallel()
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	for _, f := range []dnstest.Fault{dnstest.WrongID, dnstest.WrongQuestion} {
		s.Inject("one.test.", f)
		finds(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}}), "192.0.2.1:4647")
	}
	s.Inject("one.test.", dnstest.Forged)
	fails(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}, Timeout: moment, Attempts: 1}), dns.ErrMalformed)
}

func TestNothingInAnAnswerIsFollowedForEver(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "a.test. 1 IN CNAME b.test.", "b.test. 1 IN CNAME a.test.", "one.test. 1 IN A 192.0.2.1",
		`_ctl._tcp.test. 1 IN SRV 1 1 5 a\027\010b.test.`, "_ctl._tcp.test. 1 IN SRV 1 1 6 one.test.", `_bad._tcp.test. 1 IN SRV 1 1 5 a\027\010b.test.`)
	fails(t, discoverer(t, s, dns.Config{Names: []string{"a.test."}}), dns.ErrNoData)
	finds(t, discoverer(t, s, dns.Config{Names: []string{"_ctl._tcp.test."}}), "192.0.2.1:6")
	e := failure(t, discoverer(t, s, dns.Config{Names: []string{"_bad._tcp.test."}}), dns.ErrMalformed)
	if strings.ContainsAny(e.Error(), "\x1b\n") {
		t.Errorf("%q", e)
	}
	for f, reason := range map[dnstest.Fault]error{dnstest.Pointers: dns.ErrMalformed, dnstest.GarbageTCP: dns.ErrTruncated} {
		s.Inject("one.test.", f)
		fails(t, discoverer(t, s, dns.Config{Names: []string{"one.test."}}), reason)
	}
}
