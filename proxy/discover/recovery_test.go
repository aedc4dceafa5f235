package discover_test

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// registry is where servers are found, and where a test puts them.
type registry struct {
	from  discover.Discoverer
	set   func(addrs []string)
	asked func() int
	mute  func(silent bool)
}

const service = "_nomad-rpc._tcp.nomad.test."

func inDNS(t testing.TB) registry {
	t.Helper()
	s, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s.Stop) })
	d, err := dns.New(dns.Config{Names: []string{service}, Resolvers: []string{s.Addr()}, Timeout: limit / 60, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	return registry{
		from: d, asked: func() int { return len(s.Queries()) },
		set: func(addrs []string) {
			s.Remove(service)
			records := []string{"server.nomad.test. 0 IN A 127.0.0.1"}
			for _, addr := range addrs {
				_, port, _ := net.SplitHostPort(addr)
				records = append(records, fmt.Sprintf("%s 0 IN SRV 1 1 %s server.nomad.test.", service, port))
			}
			if err := s.Set(records...); err != nil {
				t.Fatal(err)
			}
		},
		mute: func(silent bool) {
			if silent {
				s.Inject(service, dnstest.Silent)
			} else {
				s.Heal(service)
			}
		},
	}
}

func inConsul(t testing.TB) registry {
	t.Helper()
	s, err := consultest.Start(consultest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	d, err := consul.New(consul.Config{Address: s.Addr(), RequestTimeout: limit / 60})
	if err != nil {
		t.Fatal(err)
	}
	return registry{
		from: d, asked: func() int { return len(s.Requests()) },
		set: func(addrs []string) {
			var services []consultest.Service
			for _, addr := range addrs {
				host, port, _ := net.SplitHostPort(addr)
				n, _ := strconv.Atoi(port)
				services = append(services, consultest.Service{Address: host, Port: n})
			}
			s.SetServices("dc1", services...)
		},
		mute: func(silent bool) {
			if silent {
				s.Inject(consultest.Hang())
			} else {
				s.Heal()
			}
		},
	}
}

// registries are all the ways to find servers.
var registries = map[messages.Source]func(testing.TB) registry{messages.SourceDNS: inDNS, messages.SourceConsul: inConsul}

// All servers are replaced by others at new addresses while the agent runs, and the
// old ones are gone before any heartbeat could name the new ones.
func TestAnAgentWhoseServersWereAllReplacedFindsTheNewOnes(t *testing.T) {
	t.Parallel()
	for source, open := range registries {
		t.Run(string(source), func(t *testing.T) {
			before, r := startCluster(t, 3), open(t)
			r.set(before.Addrs())
			p := startProxy(t, proxy.Config{Servers: before.Addrs(), Discoverer: r.from})
			a := startAgent(t, p)
			a.answeredBy("the first heartbeat", before.Addrs()...)
			if n := r.asked(); n != 0 {
				t.Errorf("a healthy agent has asked %d times", n)
			}

			after := startCluster(t, 3)
			r.set(after.Addrs())
			for i := range before.Addrs() {
				before.Kill(i)
			}
			t.Logf("back after %v", a.answeredBy("a heartbeat to the new servers", after.Addrs()...))
			for s := range p.View().Ranking() {
				if !slices.Contains(after.Addrs(), s.Server.Addr) || s.Source != messages.SourceHeartbeat {
					t.Errorf("the list still has %+v", s)
				}
			}
			later := func() { // than two runs that follow each other
				for range 30 {
					a.answeredBy("another heartbeat", after.Addrs()...)
				}
			}
			later() // a run may have begun before the agent was back
			asked := r.asked()
			later()
			if n := r.asked(); n != asked || n == 0 {
				t.Errorf("asked %d times, and %d times when it was back", asked, n)
			}
		})
	}
}

// With nothing but the heartbeat: the servers are replaced one after the other.
func TestAnAgentFollowsItsHeartbeatsFromOneSetOfServersToAnother(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	configured := c.Addrs()
	p := startProxy(t, proxy.Config{Servers: configured})
	a := startAgent(t, p)
	a.answeredBy("the first heartbeat", configured...)
	for i := range configured {
		s, err := c.Join()
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "a heartbeat names the new one", func() bool { return slices.Contains(p.ServerRPCAddrs(), s.Addr()) })
		c.Leave(i)
	}
	t.Logf("back after %v", a.answeredBy("a heartbeat to the new servers", c.Live()...))
	eventually(t, "only the new ones are listed", func() bool {
		addrs := p.ServerRPCAddrs()
		return len(addrs) == 3 && !slices.ContainsFunc(configured, func(addr string) bool { return slices.Contains(addrs, addr) })
	})
}

func TestAnAgentThatStartsBeforeAnyServerFindsTheFirstOnes(t *testing.T) {
	t.Parallel()
	for source, open := range registries {
		t.Run(string(source), func(t *testing.T) {
			r := open(t)
			p := startProxy(t, proxy.Config{Discoverer: r.from})
			waiting := make(chan error, 1)
			go func() { waiting <- p.Call(within(t), "Status.Ping", struct{}{}, nil) }()
			eventually(t, "it looks for servers", func() bool { return r.asked() > 0 })
			c := startCluster(t, 3)
			r.set(c.Addrs())
			if err := <-waiting; err != nil {
				t.Fatalf("the call that waited: %v", err)
			}
			if s, err := p.FindServer(); err != nil || p.View().Source(s) != source {
				t.Errorf("in front is %v from %q, %v", s, p.View().Source(s), err)
			}
			startAgent(t, p).answeredBy("a heartbeat", c.Addrs()...)
		})
	}
}

func TestASilentRegistryAtTheStartDelaysAnAgentAndNoMore(t *testing.T) {
	t.Parallel()
	for source, open := range registries {
		t.Run(string(source), func(t *testing.T) {
			r, c := open(t), startCluster(t, 1)
			r.set(c.Addrs())
			r.mute(true)
			p := startProxy(t, proxy.Config{Discoverer: r.from})
			eventually(t, "it asks again", func() bool { return r.asked() > 1 })
			if n := p.NumServers(); n != 0 {
				t.Fatalf("%d servers are known", n)
			}
			r.mute(false)
			if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// The registry's servers are gone as well as the configured ones; the next link of
// the chain has the answer.
func TestAChainLeadsPastARegistryThatIsOutOfDate(t *testing.T) {
	before, after, first, second := startCluster(t, 1), startCluster(t, 1), inDNS(t), inConsul(t)
	first.set(before.Addrs())
	second.set(after.Addrs())
	before.Kill(0)
	chain, err := discover.NewChain(discover.Link{From: discover.Static(before.Addrs())}, discover.Link{From: first.from}, discover.Link{From: second.from})
	if err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, proxy.Config{Servers: before.Addrs(), Discoverer: chain})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatalf("%v\n%s", err, p.Explain())
	}
	if s, err := p.FindServer(); err != nil || p.View().Source(s) != messages.SourceConsul || s.Addr != after.Addrs()[0] {
		t.Errorf("in front is %v from %q, %v", s, p.View().Source(s), err)
	}
}
