package roster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// FuzzRoster makes bytes into a sequence of messages and checks every invariant
// after each step, against the oracle and against a second roster that gets the
// same.
func FuzzRoster(f *testing.F) {
	f.Add([]byte("\x00\x00\x00"))
	for seed := range uint64(24) {
		input := make([]byte, 120)
		rng := seeded(seed)
		for i := range input {
			input[i] = byte(rng.Uint32())
		}
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		in := &bytesIn{rest: input}
		cfg := Config{
			Servers: servs(t, pool[:in.below(4)]...), Datacenter: "dc1", NodeID: "node",
			PreferDatacenter: in.below(2) == 1, Policy: Policy(in.below(2)), RPCMajorVersion: 1,
		}
		c := newChecker(t, cfg, uint64(in.below(8)))
		for len(in.rest) > 0 {
			switch in.below(12) {
			case 0:
				c.expireAt(c.now.Add(time.Duration(in.below(256)) * 20 * time.Millisecond))
			case 1:
				c.expireAt(c.r.Deadline())
			default:
				c.step(in.message(c))
			}
		}
		c.conclude()
	})
}

// pool is what messages are made of; the last three are bad.
var pool = []string{"a", "b", "10.0.0.1", "c", "10.0.0.1:4647", "d", "::1", "e", "", "b:0", "x y"}

// bytesIn reads small numbers; at the end it reads zeros.
type bytesIn struct{ rest []byte }

func (in *bytesIn) below(n int) int {
	if len(in.rest) == 0 {
		return 0
	}
	b := in.rest[0]
	in.rest = in.rest[1:]
	return int(b) % n
}

func (in *bytesIn) addr() string { return pool[in.below(len(pool))] }

func (in *bytesIn) addrs() []string {
	var list []string
	for range in.below(5) {
		list = append(list, in.addr())
	}
	return list
}

// server is one that may be in the list.
func (in *bytesIn) server(c *checker) messages.Server {
	s, err := messages.ParseServer(in.addr())
	if err != nil {
		s, _ = c.view.Active()
	}
	return s
}

// from is one that may be in the list, or none.
func (in *bytesIn) from(c *checker) messages.Server {
	if in.below(2) == 0 {
		return messages.Server{}
	}
	return in.server(c)
}

// epoch is the current one, an older one, or none.
func (in *bytesIn) epoch(c *checker) uint64 {
	back := uint64(in.below(5))
	if back == 4 || back >= c.view.Epoch() {
		return 0
	}
	return c.view.Epoch() - back
}

func (in *bytesIn) err() error {
	if in.below(2) == 0 {
		return nil
	}
	return errTest
}

func (in *bytesIn) message(c *checker) messages.Message {
	switch in.below(14) {
	case 0:
		m := messages.HeartbeatUpdate{
			NumNodes: in.below(256)*1000 - 1, TTL: time.Duration(in.below(4)) * time.Second,
			LeaderRPCAddr: []string{"", "a", "b"}[in.below(3)], From: in.from(c), Reply: actor.NewReply[error](),
		}
		for _, addr := range in.addrs() {
			m.Servers = append(m.Servers, messages.ServerInfo{
				RPCAdvertiseAddr: addr, Datacenter: []string{"dc1", "dc2"}[in.below(2)], RPCMajorVersion: in.below(3),
			})
		}
		return m
	case 1:
		return messages.FailureNotice{Server: in.server(c), Epoch: in.epoch(c), Err: errTest, NoQuorum: in.below(2) == 1, Reply: actor.NewReply[bool]()}
	case 2:
		return messages.Recovered{Server: in.server(c), Epoch: in.epoch(c)}
	case 3:
		return messages.RebalanceTick{Reply: actor.NewReply[messages.RebalanceResult]()}
	case 4:
		return messages.SetBackups{Addrs: in.addrs(), Reply: actor.NewReply[error]()}
	case 5:
		return messages.AddPrimary{Addr: in.addr(), Reply: actor.NewReply[messages.AddResult]()}
	case 6:
		return messages.RemoveServer{Server: in.server(c), Reply: actor.NewReply[bool]()}
	case 7:
		return messages.DiscoveryDone{Run: c.run - uint64(in.below(4)/3), Found: found(in.addrs()...), Err: in.err()}
	case 8: // the servers of the last heartbeat once more
		return messages.HeartbeatUpdate{
			Servers: c.last, TTL: time.Second, LeaderRPCAddr: []string{"", "a"}[in.below(2)],
			From: in.from(c), Reply: actor.NewReply[error](),
		}
	case 9:
		return messages.Suspected{Addr: in.server(c).Addr}
	case 11:
		return messages.AddBackup{Addrs: in.addrs(), Reply: actor.NewReply[error]()}
	case 12, 13:
		return messages.SetServers{Addrs: in.addrs(), Reply: actor.NewReply[error]()}
	default:
		return messages.ProbeDone{Round: c.round - uint64(in.below(4)/3), Server: in.server(c), Err: in.err()}
	}
}
