package dns_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// A process that is not run for a while finds its time over before it has asked
// anybody. That is no sign about the name.
func TestANameThatWasNotLookedUpInTimeMayExist(t *testing.T) {
	s, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Set("one.test. 1 IN A 192.0.2.1", "_rpc._tcp.test. 1 IN SRV 1 1 4647 one.test."); err != nil {
		t.Fatal(err)
	}
	for _, timeout := range []time.Duration{1, time.Microsecond, 30 * time.Microsecond, 100 * time.Microsecond, 300 * time.Microsecond, time.Millisecond} {
		way, err := dns.New(dns.Config{Names: []string{"one.test.", "_rpc._tcp.test."}, Resolvers: []string{s.Addr(), s.Addr()}, Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, failed := way.Lookup(t.Context()); timeout == 1 && len(failed) == 0 {
				t.Fatal("both were found within a nanosecond")
			} else {
				for _, e := range failed {
					if !errors.Is(e, dns.ErrTimeout) {
						t.Fatalf("within %v: %v", timeout, e)
					}
				}
			}
		}
	}
}
