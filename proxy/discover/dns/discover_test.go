package dns_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

var _ proxy.Discoverer = (*dns.Discoverer)(nil)

func TestANameStandsForAllItsAddressesOfBothFamilies(t *testing.T) {
	s := startDNS(t, dnstest.Config{},
		"nomad.test. 1 IN A 192.0.2.1", "nomad.test. 1 IN A 192.0.2.2", "nomad.test. 1 IN AAAA 2001:db8::1", "six.test. 1 IN AAAA 2001:db8::6")
	finds(t, discoverer(t, s, dns.Config{Names: []string{"nomad.test."}}), "192.0.2.1:4647", "192.0.2.2:4647", "[2001:db8::1]:4647")
	finds(t, discoverer(t, s, dns.Config{Names: []string{"six.test."}}), "[2001:db8::6]:4647")
}

func TestThePortIsThatOfTheNameOrTheConfiguredOne(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "two.test. 1 IN A 192.0.2.2")
	finds(t, discoverer(t, s, dns.Config{Names: []string{"one.test.:5000", "two.test."}, Port: 6000}), "192.0.2.1:5000", "192.0.2.2:6000")
}

func TestServiceRecordsGivePortsAndTheAddressesOfTheirTargets(t *testing.T) {
	s := startDNS(t, dnstest.Config{},
		"_rpc._tcp.test. 1 IN SRV 1 1 4700 one.test.", "_rpc._tcp.test. 1 IN SRV 1 1 4701 two.test.",
		"one.test. 1 IN A 192.0.2.1", "two.test. 1 IN A 192.0.2.2", "two.test. 1 IN AAAA 2001:db8::2",
		"nomad.service.test. 1 IN SRV 1 1 4702 one.test.", "nomad.service.test. 1 IN A 192.0.2.99")
	finds(t, discoverer(t, s, dns.Config{Names: []string{"_rpc._tcp.test."}, Port: 9}), "192.0.2.1:4700", "192.0.2.2:4701", "[2001:db8::2]:4701")
	finds(t, discoverer(t, s, dns.Config{Services: []string{"nomad.service.test."}}), "192.0.2.1:4702")

	found, failed := discoverer(t, s, dns.Config{Names: []string{"nomad.service.test."}, Services: []string{"nomad.service.test."}}).Lookup(within(t))
	want := []dns.Found{{Addr: "192.0.2.99:4647", Name: "nomad.service.test."}, {Addr: "192.0.2.1:4702", Name: "nomad.service.test.", Target: "one.test."}}
	if !slices.Equal(found, want) || len(failed) > 0 {
		t.Errorf("found %+v, %v; want %+v", found, failed, want)
	}
}

func TestServiceRecordsWithoutAPortAreLeftOut(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1",
		"_rpc._tcp.test. 1 IN SRV 1 1 0 one.test.", "_rpc._tcp.test. 1 IN SRV 1 1 4700 one.test.", "_rpc._tcp.test. 1 IN SRV 1 1 4700 .")
	finds(t, discoverer(t, s, dns.Config{Names: []string{"_rpc._tcp.test."}}), "192.0.2.1:4700")
}

func TestServiceRecordsComeByPriorityAndByChanceWithinOne(t *testing.T) {
	s := startDNS(t, dnstest.Config{},
		"_rpc._tcp.test. 1 IN SRV 9 9 1 last.test.", "_rpc._tcp.test. 1 IN SRV 2 100 1 a.test.", "_rpc._tcp.test. 1 IN SRV 2 100 1 b.test.",
		"last.test. 1 IN A 192.0.2.9", "a.test. 1 IN A 192.0.2.1", "b.test. 1 IN A 192.0.2.2")
	d := discoverer(t, s, dns.Config{Names: []string{"_rpc._tcp.test."}})
	first := map[string]int{}
	for range 60 {
		got, err := d.Discover(within(t))
		if err != nil || len(got) != 3 || got[2] != "192.0.2.9:1" {
			t.Fatalf("%q, %v", got, err)
		}
		first[got[0]]++
	}
	if len(first) != 2 {
		t.Errorf("%v: of two with the same weight the same one was first in each of 60 answers", first)
	}
}

func TestAFleetDoesNotBeginWithTheSameAddress(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "nomad.test. 1 IN A 192.0.2.1", "nomad.test. 1 IN A 192.0.2.2")
	d := discoverer(t, s, dns.Config{Names: []string{"nomad.test."}})
	first := map[string]bool{}
	for range 60 {
		got, err := d.Discover(within(t))
		if err != nil {
			t.Fatal(err)
		}
		first[got[0]] = true
	}
	if len(first) != 2 {
		t.Errorf("%v: the same one was first in each of 60 answers", first)
	}
}

func TestChangesAreFollowedAtTheNextDiscover(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "nomad.test. 86400 IN A 192.0.2.1")
	d := discoverer(t, s, dns.Config{Names: []string{"nomad.test."}})
	finds(t, d, "192.0.2.1:4647")
	set(t, s, "nomad.test. 86400 IN A 192.0.2.2")
	finds(t, d, "192.0.2.2:4647")
	s.Remove("nomad.test.")
	fails(t, d, dns.ErrNoSuchName)
	set(t, s, "nomad.test. 86400 IN AAAA 2001:db8::3")
	finds(t, d, "[2001:db8::3]:4647")
}

func TestAnAddressIsGivenOnceAndTheFirstNameHasIt(t *testing.T) {
	s := startDNS(t, dnstest.Config{},
		"one.test. 1 IN A 192.0.2.1", "one.test. 1 IN A 192.0.2.1", "one.test. 1 IN AAAA ::ffff:192.0.2.1", "also.test. 1 IN CNAME one.test.",
		"_rpc._tcp.test. 1 IN SRV 1 1 4647 one.test.", "_rpc._tcp.test. 1 IN SRV 2 1 4647 one.test.", "_rpc._tcp.test. 1 IN SRV 3 1 4648 ONE.test.")
	d := discoverer(t, s, dns.Config{Names: []string{"also.test.", "one.test.", "_rpc._tcp.test."}})
	finds(t, d, "192.0.2.1:4647", "192.0.2.1:4648")
	if found, _ := d.Lookup(within(t)); found[0].Name != "also.test." || found[1].Name != "_rpc._tcp.test." {
		t.Errorf("%+v", found)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	var many []string
	for i := range 3000 { // 48 KB: one message can hold no more than 64
		many = append(many, fmt.Sprintf("many.test. 1 IN A 198.18.%d.%d", i/250, i%250))
	}
	s := startDNS(t, dnstest.Config{}, many...)
	found, err := discoverer(t, s, dns.Config{Names: []string{"many.test."}}).Discover(within(t))
	if err != nil || len(found) != 256 {
		t.Errorf("%d addresses, %v; want 256", len(found), err)
	}
	if !slices.Contains(s.Queries(), "tcp A many.test.") {
		t.Errorf("%q: no query came over TCP", s.Queries())
	}
}

func TestServiceRecordsAreBounded(t *testing.T) {
	var many []string
	for i := range 400 {
		many = append(many, fmt.Sprintf("_rpc._tcp.test. 1 IN SRV 1 1 1 t%d.test.", i), fmt.Sprintf("t%d.test. 1 IN A 198.18.%d.%d", i, i/250, i%250))
	}
	s := startDNS(t, dnstest.Config{}, many...)
	found, err := discoverer(t, s, dns.Config{Names: []string{"_rpc._tcp.test."}}).Discover(within(t))
	if err != nil || len(found) != 256 {
		t.Errorf("%d addresses, %v; want 256", len(found), err)
	}
	asked := map[string]bool{}
	for _, q := range s.Queries() {
		if f := strings.Fields(q); f[1] == "A" {
			asked[f[2]] = true
		}
	}
	if len(asked) != 256 {
		t.Errorf("%d targets were looked up, want 256", len(asked))
	}
}

func TestTheHostsFileOfTheSystemCounts(t *testing.T) {
	d, err := dns.New(dns.Config{Names: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	found, err := d.Discover(within(t))
	if err != nil || !slices.ContainsFunc(found, func(a string) bool {
		host, port, err := net.SplitHostPort(a)
		return err == nil && port == "4647" && net.ParseIP(host).IsLoopback()
	}) {
		t.Errorf("%q, %v", found, err)
	}
}

func TestItsSourceIsDNS(t *testing.T) {
	d, err := dns.New(dns.Config{Names: []string{"localhost"}})
	if err != nil || d.Source() != "dns" {
		t.Errorf("%q, %v", d.Source(), err)
	}
}

func TestABadConfigurationIsRefusedAndQuoted(t *testing.T) {
	for _, c := range []struct {
		cfg         dns.Config
		field, says string
	}{
		{dns.Config{}, "Names", "is empty"},
		{dns.Config{Names: slices.Repeat([]string{"a.test"}, 65)}, "Names", "65 names"},
		{dns.Config{Names: []string{"a.test", "http://b.test"}}, "Names", `"http://b.test"`},
		{dns.Config{Names: []string{"a.test", "10.0.0.1:4647"}}, "Names", `"10.0.0.1:4647": it is an IP address`},
		{dns.Config{Names: []string{"::1"}}, "Names", `"::1": it is an IP address`},
		{dns.Config{Names: []string{"_rpc._tcp.test:4647"}}, "Names", `"_rpc._tcp.test:4647": it has a port`},
		{dns.Config{Services: []string{"a.test:1"}}, "Services", `"a.test:1": it has a port`},
		{dns.Config{Names: []string{"a.test"}, Services: []string{""}}, "Services", `"": `},
		{dns.Config{Names: []string{"a.test"}, Port: -1}, "Port", "is -1"},
		{dns.Config{Names: []string{"a.test"}, Port: 65536}, "Port", "is 65536"},
		{dns.Config{Names: []string{"a.test"}, Timeout: -1}, "Timeout", "is -1ns"},
		{dns.Config{Names: []string{"a.test"}, Attempts: -2}, "Attempts", "is -2"},
		{dns.Config{Names: []string{"a.test"}, Attempts: 101}, "Attempts", "is 101"},
		{dns.Config{Names: []string{"a.test"}, Resolvers: []string{"10.0.0.1:0"}}, "Resolvers", `"10.0.0.1:0"`},
		{dns.Config{Names: []string{"a.test"}, Resolvers: slices.Repeat([]string{"10.0.0.1"}, 17)}, "Resolvers", "17 addresses"},
	} {
		d, err := dns.New(c.cfg)
		e, ok := errors.AsType[*dns.ConfigError](err)
		if !ok || d != nil || e.Field != c.field || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, %v; want %s with %s", c.cfg, d, err, c.field, c.says)
		}
	}
}
