package dnstest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

const patience = time.Minute

func start(t *testing.T, cfg dnstest.Config, records ...string) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := s.Set(records...); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask puts one question, as a client that knows nothing of net.Resolver.
func ask(t *testing.T, s *dnstest.Server, network, name string, kind uint16) (*dns.Msg, error) {
	t.Helper()
	c := &dns.Client{Net: network, Timeout: patience}
	reply, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, kind), s.Addr())
	return reply, err
}

func TestRecordsAreAnsweredOverBothTransportsAndMayChange(t *testing.T) {
	s := start(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "one.test. 1 IN A 192.0.2.2", "other.test. 1 IN CNAME one.test.")
	for _, network := range []string{"udp", "tcp"} {
		for name, want := range map[string]int{"one.test.": 2, "ONE.test.": 2, "other.test.": 3} {
			if r, err := ask(t, s, network, name, dns.TypeA); err != nil || r.Rcode != dns.RcodeSuccess || len(r.Answer) != want {
				t.Errorf("%s over %s: %v, %v; want %d records", name, network, r, err, want)
			}
		}
	}
	if err := s.Set("one.test. 1 IN A 192.0.2.3"); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Resolver().LookupHost(t.Context(), "one.test."); err != nil || !slices.Equal(found, []string{"192.0.2.3"}) {
		t.Errorf("%v, %v", found, err)
	}
	s.Remove("one.test.")
	if r, err := ask(t, s, "udp", "one.test.", dns.TypeA); err != nil || r.Rcode != dns.RcodeNameError {
		t.Errorf("%v, %v; want no such name", r, err)
	}
	if q := s.Queries(); !slices.Contains(q, "tcp A one.test.") || len(q) < 8 {
		t.Errorf("%q", q)
	}
}

func TestANameWithoutTheTypeExists(t *testing.T) {
	s := start(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	if r, err := ask(t, s, "udp", "one.test.", dns.TypeAAAA); err != nil || r.Rcode != dns.RcodeSuccess || len(r.Answer) != 0 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestAnAnswerThatDoesNotFitIsWholeOverTCP(t *testing.T) {
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("many.test. 1 IN A 192.0.2.%d", i))
	}
	s := start(t, dnstest.Config{}, many...)
	r, err := ask(t, s, "udp", "many.test.", dns.TypeA)
	if err != nil || !r.Truncated || len(r.Answer) >= len(many) {
		t.Fatalf("%d records, %v", len(r.Answer), err)
	}
	if r, err = ask(t, s, "tcp", "many.test.", dns.TypeA); err != nil || r.Truncated || len(r.Answer) != len(many) {
		t.Fatalf("%d records, %v", len(r.Answer), err)
	}
}

func TestFaultsDoAsNamed(t *testing.T) {
	s := start(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	for f, want := range map[dnstest.Fault]func(r *dns.Msg, err error) bool{
		dnstest.ServFail:  func(r *dns.Msg, err error) bool { return err == nil && r.Rcode == dns.RcodeServerFailure },
		dnstest.Refused:   func(r *dns.Msg, err error) bool { return err == nil && r.Rcode == dns.RcodeRefused },
		dnstest.Truncated: func(r *dns.Msg, err error) bool { return err == nil && r.Truncated && len(r.Answer) == 0 },
		dnstest.Lame: func(r *dns.Msg, err error) bool {
			return err == nil && len(r.Answer) == 0 && !r.Authoritative && !r.RecursionAvailable
		},
	} {
		s.Inject("ONE.test", f)
		if r, err := ask(t, s, "udp", "one.test.", dns.TypeA); !want(r, err) {
			t.Errorf("fault %d: %v, %v", f, r, err)
		}
	}
	s.Inject("one.test.", dnstest.Malformed)
	_, err := s.Resolver().LookupHost(t.Context(), "one.test.")
	if e, ok := errors.AsType[*net.DNSError](err); !ok || e.IsNotFound || e.IsTimeout {
		t.Errorf("%v, want that of a message that breaks off", err)
	}
	s.Heal("one.test.")
	if r, err := ask(t, s, "udp", "one.test.", dns.TypeA); err != nil || len(r.Answer) != 1 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestGarbageIsNoMessageAndSilenceIsNothing(t *testing.T) {
	s := start(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1", "two.test. 1 IN A 192.0.2.2")
	s.Inject("one.test.", dnstest.Garbage)
	s.Inject("two.test.", dnstest.Silent)
	c, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	for _, name := range []string{"two.test.", "one.test."} { // an answer to the second is none to the first
		b, err := new(dns.Msg).SetQuestion(name, dns.TypeA).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 1500)
	n, err := c.Read(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), "HTTP") || new(dns.Msg).Unpack(b[:n]) == nil {
		t.Errorf("%q, %v", b[:n], err)
	}
}

func TestAServerWithoutTCPRefusesIt(t *testing.T) {
	s := start(t, dnstest.Config{NoTCP: true}, "one.test. 1 IN A 192.0.2.1")
	if c, err := net.Dial("tcp", s.Addr()); err == nil {
		_ = c.Close()
		t.Fatal("TCP was accepted")
	}
	_, port, _ := net.SplitHostPort(s.Addr())
	if n, err := strconv.Atoi(port); err != nil || n >= 32768 {
		t.Errorf("somebody may be given port %s of TCP", port)
	}
	if r, err := ask(t, s, "udp", "one.test.", dns.TypeA); err != nil || len(r.Answer) != 1 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestAValueThatIsNoRecordIsRefusedAndChangesNothing(t *testing.T) {
	s := start(t, dnstest.Config{}, "one.test. 1 IN A 192.0.2.1")
	for _, bad := range []string{"", "one.test. 1 IN A 192.0.2.300", "; nothing"} {
		if err := s.Set("one.test. 1 IN A 192.0.2.2", bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if r, err := ask(t, s, "udp", "one.test.", dns.TypeA); err != nil || r.Answer[0].(*dns.A).A.String() != "192.0.2.1" {
		t.Errorf("%v, %v", r, err)
	}
}
