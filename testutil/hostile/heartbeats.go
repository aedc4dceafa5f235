package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The node that the agent stands for.
const (
	nodeID     = "5c1d2f3e-0a4b-4c6d-8e9f-a1b2c3d4e5f6"
	nodeSecret = "6f5e4d3c-2b1a-4098-8765-43210fedcba9"
)

// beats is an agent that keeps a node registered, and renews its identity all the time,
// so that there are many heartbeats.
func beats(t target) (*agent, error) {
	a, err := start(proxy.Config{Servers: []string{t.Addr}, NodeID: nodeID})
	if err != nil {
		return nil, err
	}
	h, err := heartbeat.Start(heartbeat.Config{Proxy: a.proxy, Node: heartbeat.Node{
		ID: nodeID, SecretID: nodeSecret, Name: "hostile", Datacenter: "dc1",
		Attributes: map[string]string{"nomad.version": "1.11.0"},
	}})
	if err != nil {
		return nil, errors.Join(err, a.stop())
	}
	a.before = h.Stop
	a.add(2, calling{})
	a.busy = append(a.busy, func(ctx context.Context) { a.again(ctx, 5*time.Second, h.RenewIdentity) },
		func(ctx context.Context) { a.again(ctx, 5*time.Second, h.Register) })
	return a, nil
}

// nodes is an attack by a server that is good, but for its replies to registrations and
// heartbeats.
func nodes(body func() any) attack {
	return func(*stage) (target, error) {
		s, err := testutil.StartServer(testutil.ServerConfig{})
		if err != nil {
			return target{}, err
		}
		for _, method := range []string{"Node.Register", "Node.UpdateStatus"} {
			s.Handle(method, func(context.Context, *testutil.Request) (any, error) {
				switch v := body().(type) {
				case error:
					return nil, v
				case []byte:
					return testutil.Raw(v), nil
				default:
					return v, nil
				}
			})
		}
		return target{Addr: s.Addr()}, nil
	}
}

// heartbeatScenarios is replies to heartbeats.
func heartbeatScenarios() []scenario {
	type m = map[string]any
	good := func(changes m) func() any {
		return func() any {
			r := m{"HeartbeatTTL": 10 * time.Second, "NumNodes": 3, "LeaderRPCAddr": "127.0.0.9:4647", "Index": 1}
			for k, v := range changes {
				r[k] = v
			}
			return r
		}
	}
	servers := func(n int, addr func(i int) string) func() any { // made once, when it is asked for
		whole := sync.OnceValue(func() []byte {
			b := join([]byte{0x83}, text("HeartbeatTTL"), number(uint64(10*time.Second)), text("NumNodes"), []byte{3}, text("Servers"), announce(0xdd, uint32(n)))
			for i := range n {
				b = append(append(b, 0x81), text("RPCAdvertiseAddr")...)
				b = append(b, text(addr(i))...)
			}
			return b
		})
		return func() any { return whole() }
	}
	these := func(addrs ...string) func() any { return servers(len(addrs), func(i int) string { return addrs[i] }) }
	one := func(changes m) func() any {
		s := m{"RPCAdvertiseAddr": "127.0.0.9:4647", "Datacenter": "dc1"}
		for k, v := range changes {
			s[k] = v
		}
		return good(m{"Servers": []m{s}})
	}
	raw := func(l lazy) func() any { return func() any { return l() } }
	distinct := func(i int) string { return fmt.Sprintf("127.%d.%d.%d:4647", 1+i>>16&0x7f, i>>8&0xff, i&0xff) }
	const more = 1 << 20
	var list []scenario
	for _, c := range []struct {
		name   string
		short  bool
		grants int64
		body   func() any
	}{
		{"a million servers", true, 2 * 60 * mebi, servers(1_000_000, distinct)},
		{"a million times one server", false, 2 * 60 * mebi, servers(1_000_000, func(int) string { return "127.0.0.9:4647" })},
		{"30,000 servers", true, 4 * mebi, servers(30_000, distinct)},
		{"2,000 servers, others each time", true, 0, func() func() any {
			n := 0
			return func() any { n++; return servers(2000, func(i int) string { return distinct(i + 2000*n) })() }
		}()},
		{"2,000 names, others each time", false, 0, func() func() any {
			n := 0
			return func() any {
				n++
				return servers(2000, func(i int) string { return fmt.Sprintf("n%d.invalid:4647", i+2000*n) })()
			}
		}()},
		{"no servers", false, 0, good(nil)},
		{"nil for servers", false, 0, good(m{"Servers": nil})},
		{"a map for servers", false, 0, good(m{"Servers": m{"a": 1}})},
		{"a text for servers", false, 0, good(m{"Servers": "127.0.0.9:4647"})},
		{"60,000 nils for servers", false, 0, func() any { return good(m{"Servers": make([]any, 60_000)})() }},
		{"addresses of control characters", true, 0, these("\x1b[2J\x1b]0;owned\a\n", "127.0.0.9:4647\r\n", "\u202e\u2066", "\x00")},
		{"addresses that are not UTF-8", false, 0, these("\xff\xfe:4647", "\x80")},
		{"an address of 4 MiB", true, 3 * 4 * mebi, servers(1, func(int) string { return strings.Repeat("x", 4*mebi) })},
		{"1,000 addresses of 4 KiB", false, 3 * 4 * mebi, servers(1000, func(i int) string { return fmt.Sprint(i) + strings.Repeat("y", 4096) })},
		{"addresses that are none", false, 0, these("", ":", "::", ":0", "0.0.0.0:4647", "[::]:4647", "http://127.0.0.9", "a b:1", "a:99999", "[::1%x]:1")},
		{"the agent's own address", false, 0, these("127.0.0.1:1")},
		{"a datacenter of 4 MiB", false, 3 * 4 * mebi, func() any { return one(m{"Datacenter": strings.Repeat("d", 4*mebi)})() }},
		{"a datacenter of control characters", false, 0, one(m{"Datacenter": "\x1b[2J\n"})},
		{"the largest version", false, 0, one(m{"RPCMajorVersion": int64(math.MaxInt64), "RPCMinorVersion": int64(math.MaxInt64)})},
		{"the smallest version", false, 0, one(m{"RPCMajorVersion": int64(math.MinInt64), "RPCMinorVersion": int64(math.MinInt64)})},
		{"2,000 servers of a newer version", false, 0, func() any {
			list := make([]m, 2000)
			for i := range list {
				list[i] = m{"RPCAdvertiseAddr": distinct(i), "RPCMajorVersion": 9}
			}
			return good(m{"Servers": list})()
		}},
		{"a leader of 4 MiB", false, 3 * 4 * mebi, func() any { return good(m{"LeaderRPCAddr": strings.Repeat("l", 4*mebi)})() }},
		{"a leader of control characters", false, 0, good(m{"LeaderRPCAddr": "\x1b[2J\n"})},
		{"no leader", false, 0, good(m{"LeaderRPCAddr": ""})},
		{"an identity of 4 MiB", true, 3 * 4 * mebi, func() any { return good(m{"SignedIdentity": strings.Repeat("i", 4*mebi)})() }},
		{"another identity each time", false, 0, func() func() any {
			n := 0
			return func() any { n++; return good(m{"SignedIdentity": fmt.Sprint("identity ", n)})() }
		}()},
		{"an identity of control characters", false, 0, good(m{"SignedIdentity": "\x1b[2J\n\x00"})},
		{"200,000 evaluations", false, 3 * 8 * mebi, func() any { return good(m{"EvalIDs": make([]string, 200_000)})() }},
		{"eligibility of 4 MiB", false, 3 * 4 * mebi, func() any { return good(m{"SchedulingEligibility": strings.Repeat("e", 4*mebi)})() }},
		{"an empty reply", false, 0, func() any { return m{} }},
		{"a list for a reply", false, 0, func() any { return []int{1, 2, 3} }},
		{"a reply of 30,000 fields", false, 0, raw(then(is(announce(0xdf, 30_000)), manyKeys(30_000)))},
		{"a reply nested 100,000 deep", false, 0, raw(repeated(100_000, 0x91))},
		{"an error of 4 MiB", true, 3 * 4 * mebi, func() any { return errors.New(strings.Repeat("e ", 2*mebi)) }},
		{"an error of control characters", false, 0, func() any { return errors.New("no \x1b[2J\n\x00") }},
		{"permission denied", false, 0, func() any { return errors.New(testutil.ErrTextPermissionDenied) }},
		{"unknown node", true, 0, func() any { return errors.New(testutil.ErrTextNodeNotFound) }},
		{"another secret", false, 0, func() any { return errors.New(testutil.ErrTextSecretMismatch) }},
	} {
		list = append(list, scenario{name: c.name, short: c.short, lasts: 2 * time.Second, grants: c.grants, attack: nodes(c.body)})
	}
	for _, n := range []int64{math.MinInt64, -1, 0, 1, more, 1 << 40, math.MaxInt64} {
		list = append(list, scenario{name: fmt.Sprintf("%d nodes", n), attack: nodes(good(m{"NumNodes": n}))},
			scenario{name: fmt.Sprintf("a TTL of %d", n), short: n == 1 || n == math.MaxInt64, attack: nodes(good(m{"HeartbeatTTL": n}))},
			scenario{name: fmt.Sprintf("an index of %d", n), attack: nodes(good(m{"Index": n}))})
	}
	return list
}
