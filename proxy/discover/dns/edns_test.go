package dns_test

import (
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func TestAResolverThatDoesNotKnowEDNSIsAskedWithoutItAndFromThenOnSo(t *testing.T) {
	for name, f := range map[string]dnstest.Fault{
		"FORMERR": dnstest.NoEDNS, "FORMERR, a head only": dnstest.NoEDNSBare, "NOTIMP": dnstest.NotDoneEDNS,
		"BADVERS": dnstest.BadVersionEDNS, "a broken record": dnstest.BrokenEDNS,
	} {
		t.Run(name, func(t *testing.T) {
			s := startDNS(t, dnstest.Config{}, "old.test. 1 IN A 192.0.2.1", "_rpc._tcp.test. 1 IN SRV 1 1 5 old.test.")
			s.Inject("old.test.", f)
			s.Inject("_rpc._tcp.test.", f)
			d := discoverer(t, s, dns.Config{Names: []string{"old.test.", "_rpc._tcp.test."}})
			finds(t, d, "192.0.2.1:4647", "192.0.2.1:5")
			with, before := s.EDNS()
			if with == 0 || before < with {
				t.Errorf("asked %d times with EDNS and %d times without", with, before)
			}
			finds(t, d, "192.0.2.1:4647", "192.0.2.1:5")
			if again, without := s.EDNS(); again != with || without == before {
				t.Errorf("asked %d times more with EDNS, and %d without", again-with, without-before)
			}
		})
	}
}

func TestAResolverThatIsSilentToEDNSIsAskedWithoutItNext(t *testing.T) {
	t.Parallel()
	s := startDNS(t, dnstest.Config{}, "old.test. 1 IN A 192.0.2.1")
	s.Inject("old.test.", dnstest.SilentEDNS)
	d := discoverer(t, s, dns.Config{Names: []string{"old.test."}, Timeout: moment, Attempts: 9}) // a machine that stands still for a moment spends two
	finds(t, d, "192.0.2.1:4647")
	if with, without := s.EDNS(); with < 2 || without < 2 {
		t.Errorf("asked %d times with EDNS and %d times without", with, without)
	}
}

func TestWithoutEDNSALargeAnswerIsHadOverTCP(t *testing.T) {
	var many, want []string
	for i := range 200 {
		many, want = append(many, fmt.Sprintf("many.test. 1 IN A 192.0.2.%d", i)), append(want, fmt.Sprintf("192.0.2.%d:4647", i))
	}
	for _, f := range []dnstest.Fault{dnstest.NoEDNS, dnstest.NoEDNSBare, dnstest.BrokenEDNS} {
		s := startDNS(t, dnstest.Config{}, many...)
		s.Inject("many.test.", f)
		finds(t, discoverer(t, s, dns.Config{Names: []string{"many.test."}}), want...)
	}
}

func TestARefusalIsNotAnsweredByAskingAgain(t *testing.T) {
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	for _, f := range []dnstest.Fault{dnstest.Refused, dnstest.ServFail} {
		s.Inject("one.test.", f)
		if got, err := discoverer(t, s, dns.Config{Names: []string{"one.test."}}).Discover(within(t)); err == nil {
			t.Errorf("%q", got)
		}
	}
	if with, without := s.EDNS(); with == 0 || without != 0 {
		t.Errorf("asked %d times with EDNS and %d times without", with, without)
	}
}
