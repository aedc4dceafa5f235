package doctor

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// setup is a cluster in which one thing is wrong.
type setup struct {
	name  string
	build func(t *testing.T) Config
	layer string
	says  string // in the finding
	fix   string // in what to do
}

// hasty is the Timeout of those that wait for it.
const hasty = 12 * time.Second

// plain are the set-ups that one run without TLS can meet at once.
var plain = []setup{
	{"nothing listens", func(t *testing.T) Config { return patient(dead(t)) }, "tcp", "connection refused: nothing listens there", "start the server"},
	{"the port of HTTP", func(t *testing.T) Config {
		a, _ := httpAgent(t)
		cfg := patient(a.Addr())
		cfg.Timeout = hasty
		return cfg
	}, "rpc", "this is the HTTP port", "use the port for RPC, 4647"},
	{"the port of gossip", func(t *testing.T) Config {
		return patient(saying(t, "\x0d\x81\xa5Error\xa4what"))
	}, "rpc", "this is the port for gossip (Serf)", "use the port for RPC, 4647"},
	{"another service", func(t *testing.T) Config { return patient(saying(t, "SSH-2.0-OpenSSH_9.6\r\n")) }, "rpc", "this is no RPC port: it speaks SSH", "4647"},
	{"too many connections", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{MaxConnsPerClient: 1, FirstByteTimeout: time.Hour})
		hold(t, s)
		return patient(s.Addr())
	}, "rpc", "it hangs up before anything is sent", "rpc_max_conns_per_client"},
	{"a frozen server", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{})
		s.Freeze()
		cfg := patient(s.Addr())
		cfg.Timeout = hasty
		return cfg
	}, "rpc", "it takes connections and says nothing", "may be stopped"},
	{"TLS is wanted", func(t *testing.T) Config {
		return patient(newAuthority(t).server("global", testutil.CertConfig{}).Addr())
	}, "tls", "it speaks TLS only, as server.global.nomad, localhost", "NOMAD_CACERT"},
	{"no yamux", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{})
		s.Inject(testutil.Garbage(testutil.LayerTransport))
		return patient(s.Addr())
	}, "rpc", "this is no RPC port of a Nomad server", "4647"},
	{"no msgpack", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{})
		s.Inject(testutil.Garbage(testutil.LayerHeader))
		return patient(s.Addr())
	}, "yamux", "rpc protocol violated", "nothing between changes the bytes"},
	{"pings are not answered", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{})
		s.Inject(testutil.Mute().On("Status.Ping"))
		cfg := patient(s.Addr())
		cfg.Timeout = hasty
		return cfg
	}, "ping", "yamux answers, and Status.Ping does not", "restart it"},
	{"pings fail", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{})
		s.Inject(testutil.AppError("Status.Ping", "not today"))
		return patient(s.Addr())
	}, "ping", "Status.Ping fails: not today", "look at the server's log"},
	{"another region", func(t *testing.T) Config {
		return patient(server(t, testutil.ServerConfig{Region: "mars"}).Addr())
	}, "region", "it is of region mars, not of global", "set NOMAD_REGION=mars"},
	{"another region, unseen", func(t *testing.T) Config {
		return patient(server(t, testutil.ServerConfig{Region: "mars", Tokens: []string{"known"}}).Addr())
	}, "region", "it knows no region global", "set NOMAD_REGION"},
	{"no leader", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{})
		s.Inject(testutil.NoLeader())
		return patient(s.Addr())
	}, "leader", "it knows no leader", "see that most servers run"},
	{"an address that is advertised in vain", func(t *testing.T) Config {
		return patient(server(t, testutil.ServerConfig{Advertise: dead(t)}).Addr())
	}, "advertise", "which does not answer from here: connection refused", "fix advertise.rpc on that server"},
}

// alone are those that need settings of their own.
var alone = []setup{
	{"no such name", func(t *testing.T) Config {
		cfg := patient("none.test:4647")
		cfg.Resolver = names(t).Resolver()
		return cfg
	}, "dns", "there is no such name", "correct the name"},
	{"name servers that are silent", func(t *testing.T) Config {
		d := names(t)
		d.Inject("a.test", dnstest.Silent)
		cfg := patient("a.test:4647")
		cfg.Resolver, cfg.Timeout = d.Resolver(), hasty
		return cfg
	}, "dns", "the name servers do not answer", "look at the name servers"},
	{"name servers that fail", func(t *testing.T) Config {
		d := names(t)
		d.Inject("a.test", dnstest.ServFail)
		cfg := patient("a.test:4647")
		cfg.Resolver = d.Resolver()
		return cfg
	}, "dns", "the name cannot be resolved", "correct the name"},
	{"one of two addresses is dead", func(t *testing.T) Config {
		_, port, _ := net.SplitHostPort(server(t, testutil.ServerConfig{}).Addr())
		cfg := patient("a.test:" + port)
		cfg.Resolver = names(t, "a.test. 1 IN A 127.0.0.1", "a.test. 1 IN A 127.0.0.9").Resolver()
		return cfg
	}, "tcp", "127.0.0.9:", "take that address out of DNS"},
	{"another region's certificate", func(t *testing.T) Config {
		a := newAuthority(t)
		return over(a.client(testutil.CertConfig{}), a.server("eu", testutil.CertConfig{}))
	}, "tls", "certificate is for server.eu.nomad, localhost, not for server.global.nomad", "set NOMAD_REGION=eu"},
	{"another name", func(t *testing.T) Config {
		a := newAuthority(t)
		return over(a.client(testutil.CertConfig{}), a.server("global", testutil.CertConfig{Names: []string{"a.example"}}))
	}, "tls", "certificate is for a.example, not for server.global.nomad", "set NOMAD_TLS_SERVER_NAME"},
	{"another CA", func(t *testing.T) Config {
		return over(newAuthority(t).client(testutil.CertConfig{}), newAuthority(t).server("global", testutil.CertConfig{}))
	}, "tls", `certificate is signed by "Nomad Agent CA `, "add that authority"},
	{"an expired certificate", func(t *testing.T) Config {
		a := newAuthority(t)
		past := testutil.CertConfig{NotBefore: time.Now().Add(-100 * 24 * time.Hour), NotAfter: time.Now().Add(-4*24*time.Hour - time.Hour)}
		return over(a.client(testutil.CertConfig{}), a.server("global", past))
	}, "tls", "its certificate server.global.nomad expired 4 d ago", "renew it there"},
	{"a certificate of tomorrow", func(t *testing.T) Config {
		a := newAuthority(t)
		return over(a.client(testutil.CertConfig{}), a.server("global", testutil.CertConfig{NotBefore: time.Now().Add(time.Hour)}))
	}, "tls", "is not valid yet, for ", "by NTP"},
	{"a certificate that expires soon", func(t *testing.T) Config {
		a := newAuthority(t)
		cfg := over(a.client(testutil.CertConfig{}), a.server("global", testutil.CertConfig{NotAfter: time.Now().Add(23*time.Hour + 30*time.Second)}))
		cfg.Limits.Expiry = 23*time.Hour + 10*time.Minute
		return cfg
	}, "tls", "its certificate server.global.nomad expires in 23h", "renew it there"},
	{"no certificate of ours", func(t *testing.T) Config {
		a := newAuthority(t)
		return over(&pool.TLSConfig{CAPEM: a.PEM()}, a.server("global", testutil.CertConfig{}))
	}, "tls", "it wants a certificate of this side, and there is none", "give --cert and --key"},
	{"a certificate of ours that is refused", func(t *testing.T) Config {
		a := newAuthority(t)
		return over(a.client(testutil.CertConfig{Names: []string{"cli.global.nomad"}}), a.server("global", testutil.CertConfig{}))
	}, "tls", "it does not take the certificate of this side, for cli.global.nomad", "client.global.nomad"},
	{"a certificate of ours that expired", func(t *testing.T) Config {
		a := newAuthority(t)
		past := testutil.CertConfig{NotBefore: time.Now().Add(-100 * time.Hour), NotAfter: time.Now().Add(-50 * time.Hour)}
		return over(a.client(past), a.server("global", testutil.CertConfig{}))
	}, "tls", "it refuses the certificate of this side", "renew the certificate of --cert"},
	{"a client's certificate", func(t *testing.T) Config {
		a := newAuthority(t)
		return over(a.client(testutil.CertConfig{}), a.server("global", clientOnly))
	}, "tls", "is not one for servers", "issue it one for servers"},
	{"no TLS", func(t *testing.T) Config {
		return over(newAuthority(t).client(testutil.CertConfig{}), server(t, testutil.ServerConfig{}))
	}, "tls", "it speaks plain RPC, no TLS", "set tls.rpc there"},
	{"a wrong token", func(t *testing.T) Config {
		cfg := patient(server(t, testutil.ServerConfig{Tokens: []string{"known"}}).Addr())
		cfg.Token = "other"
		return cfg
	}, "acl", "it does not know the token", "check NOMAD_TOKEN"},
	{"two leaders", func(t *testing.T) Config {
		peers := []string{"127.0.0.1:1"}
		a := puppet(t, testutil.Picture{Leader: "127.0.0.1:1", Configured: peers})
		b := puppet(t, testutil.Picture{Leader: "127.0.0.1:1", Configured: peers})
		c := puppet(t, testutil.Picture{Leader: "127.0.0.1:2", Configured: peers})
		return patient(a.Addr(), b.Addr(), c.Addr())
	}, "leader", "it takes 127.0.0.1:2 for the leader, others 127.0.0.1:1", "belong to one cluster"},
	{"another cluster", func(t *testing.T) Config {
		c := cluster(t, testutil.ClusterConfig{})
		return patient(append(c.Addrs(), server(t, testutil.ServerConfig{}).Addr())...)
	}, "peers", "its peers are 127.0.0.1:", "it may be of another cluster"},
	{"another version", func(t *testing.T) Config {
		c := cluster(t, testutil.ClusterConfig{})
		if _, err := c.JoinWith(testutil.ServerConfig{Version: "1.9.7"}); err != nil {
			t.Fatal(err)
		}
		return patient(c.Addrs()...)
	}, "version", "it runs 1.9.7, others 2.0.6", "run one version"},
	{"a peer that was not given is dead", func(t *testing.T) Config {
		c := cluster(t, testutil.ClusterConfig{})
		c.Kill(2)
		return patient(c.Addrs()[:2]...)
	}, "peer", "a server that others see as failed: connection refused", "raft remove-peer"},
	{"an address that leads nowhere", func(t *testing.T) Config {
		return patient(puppet(t, testutil.Picture{Leader: "127.0.0.1:1", Configured: []string{"0.0.0.0:4647"}}).Addr())
	}, "peer", "a server advertises what nobody can connect to: ", "fix advertise.rpc on that server"},
	{"a fast clock", func(t *testing.T) Config {
		a, port := httpAgent(t)
		a.SetClock(time.Hour)
		cfg := patient(server(t, testutil.ServerConfig{}).Addr())
		cfg.HTTPPort, cfg.Limits.Clock = port, 10*time.Minute
		return cfg
	}, "clock", " ahead of the one here", "by NTP"},
	{"a slow clock", func(t *testing.T) Config {
		a, port := httpAgent(t)
		a.SetClock(-time.Hour)
		cfg := patient(server(t, testutil.ServerConfig{}).Addr())
		cfg.HTTPPort, cfg.Limits.Clock = port, 10*time.Minute
		return cfg
	}, "clock", " behind the one here", "by NTP"},
	{"a long way", func(t *testing.T) Config {
		s := server(t, testutil.ServerConfig{})
		s.Inject(testutil.Slow(50 * time.Millisecond).On("Status.Ping"))
		cfg := patient(s.Addr())
		cfg.Limits.Slow = 20 * time.Millisecond
		return cfg
	}, "ping", "a round trip takes ", "look for load"},
}

func TestEachFaultHasItsSentence(t *testing.T) {
	t.Parallel()
	for _, s := range slices.Concat(plain, alone) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r, text := diagnose(t, s.build(t))
			if r.OK || !slices.ContainsFunc(r.Servers, s.found) {
				t.Errorf("it lacks %s, %q, %q:\n%s", s.layer, s.says, s.fix, text)
			}
			if n := strings.Count(text, " FAIL "); n != r.Findings() {
				t.Errorf("%d findings, and %d in\n%s", r.Findings(), n, text)
			}
		})
	}
}

// found reports whether a row has the finding, and among the layers as one that fails.
func (s setup) found(row Row) bool {
	return slices.ContainsFunc(row.Findings, func(f Finding) bool {
		return f.Layer == s.layer && strings.Contains(f.What, s.says) && strings.Contains(f.Fix, s.fix) && f.What != "" &&
			slices.Contains(row.Checks, Check{Layer: s.layer})
	})
}

func TestAllFaultsAtOnceHaveTheirSentences(t *testing.T) {
	t.Parallel()
	all := patient()
	all.Timeout = hasty
	for _, s := range plain {
		all.Servers = append(all.Servers, s.build(t).Servers...)
	}
	r, text := diagnose(t, all)
	for i, s := range plain {
		if !s.found(r.Servers[i]) {
			t.Errorf("%s: it lacks %s, %q, %q:\n%s", s.name, s.layer, s.says, s.fix, text)
		}
	}
}

func TestAHealthyClusterHasNoFinding(t *testing.T) {
	a, port := httpAgent(t)
	a.SetClock(time.Second)
	c := cluster(t, testutil.ClusterConfig{Server: testutil.ServerConfig{Tokens: []string{"known"}}})
	cfg := patient(c.Addrs()...)
	cfg.HTTPPort, cfg.Limits.Clock, cfg.Token = port, time.Minute, "known"
	r, text := diagnose(t, cfg)
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		for _, part := range []string{c.Addrs()[i] + "  dns ok  tcp ", "  ping ", "  leader ", "  region ok", "  acl ok", "  peers 3", "  version 2.0.6", "  clock ok"} {
			if !strings.Contains(line, part) {
				t.Errorf("%q lacks %q", line, part)
			}
		}
	}
	if !r.OK || r.Findings() != 0 || len(r.Servers) != 3 || strings.Count(text, "leader *") != 1 {
		t.Errorf("%s", text)
	}
}

func TestAHealthyClusterOverTLSHasNoFinding(t *testing.T) {
	a := newAuthority(t)
	s := a.server("mars", testutil.CertConfig{})
	cfg := over(a.client(testutil.CertConfig{Names: []string{"client.mars.nomad"}}), s)
	cfg.Region = "mars"
	r, text := diagnose(t, cfg)
	if !r.OK || len(r.Servers) != 2 || !strings.Contains(text, "tls ok (") || !strings.Contains(text, "TLS1.3)") ||
		!strings.Contains(text, "tls this side ") || !strings.Contains(text, "tls the CA ") {
		t.Errorf("%s", text)
	}
}

// Who may not see the members of a cluster is not ill.
func TestACLsWithoutATokenAreNoFinding(t *testing.T) {
	r, text := diagnose(t, patient(server(t, testutil.ServerConfig{Tokens: []string{"known"}}).Addr()))
	if !r.OK || !strings.Contains(text, "acl no token") {
		t.Errorf("%s", text)
	}
}

// over is a run over TLS.
func over(tls *pool.TLSConfig, servers ...*testutil.Server) Config {
	cfg := patient()
	for _, s := range servers {
		cfg.Servers = append(cfg.Servers, patient(s.Addr()).Servers...)
	}
	cfg.TLS = tls
	return cfg
}

// hold has a session with s until t ends.
func hold(t *testing.T, s *testutil.Server) {
	t.Helper()
	p, err := pool.New(pool.Config{DialTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, p.Stop)
	if _, err := p.Ping(t.Context(), s.Addr()); err != nil {
		t.Fatal(err)
	}
}
