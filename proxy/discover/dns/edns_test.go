package dns_test

import (
	"net"
	"slices"
	"sync"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
)

// startOld starts a resolver that answers questions with EDNS by a code, and others with
// an address; it counts both kinds.
func startOld(t *testing.T, code int) (addr string, counts func() (with, without int)) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan bool, 1000)
	s := &mdns.Server{PacketConn: pc, Handler: mdns.HandlerFunc(func(w mdns.ResponseWriter, q *mdns.Msg) {
		reply := new(mdns.Msg).SetReply(q)
		seen <- q.IsEdns0() != nil
		switch {
		case q.IsEdns0() != nil:
			reply.SetRcode(q, code)
		case q.Question[0].Qtype == mdns.TypeA:
			rr, _ := mdns.NewRR(q.Question[0].Name + " 0 IN A 10.1.2.3")
			reply.Answer = append(reply.Answer, rr)
		}
		_ = w.WriteMsg(reply)
	})}
	var running sync.WaitGroup
	running.Go(func() { _ = s.ActivateAndServe() })
	t.Cleanup(func() {
		_ = pc.Close()
		running.Wait()
	})
	return pc.LocalAddr().String(), func() (with, without int) {
		for range len(seen) {
			if <-seen {
				with++
			} else {
				without++
			}
		}
		return with, without
	}
}

func TestAResolverThatDoesNotKnowEDNSIsAskedWithoutIt(t *testing.T) {
	for name, code := range map[string]int{"FORMERR": mdns.RcodeFormatError, "NOTIMP": mdns.RcodeNotImplemented} {
		t.Run(name, func(t *testing.T) {
			addr, counts := startOld(t, code)
			d, err := dns.New(dns.Config{Names: []string{"old.test"}, Resolvers: []string{addr}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Discover(t.Context())
			if err != nil || !slices.Equal(got, []string{"10.1.2.3:4647"}) {
				t.Errorf("%q, %v", got, err)
			}
			if with, without := counts(); with != without || with == 0 {
				t.Errorf("asked %d times with EDNS and %d times without", with, without)
			}
		})
	}
}

func TestARefusalIsNotAnsweredByAskingAgain(t *testing.T) {
	addr, counts := startOld(t, mdns.RcodeRefused)
	d, err := dns.New(dns.Config{Names: []string{"old.test"}, Resolvers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Discover(t.Context()); err == nil {
		t.Errorf("%q", got)
	}
	if with, without := counts(); with == 0 || without != 0 {
		t.Errorf("asked %d times with EDNS and %d times without", with, without)
	}
}
