package wire_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// meta is part of every reply of a query.
type meta struct {
	Index       uint64
	LastContact time.Duration
	KnownLeader bool
	NextToken   string
}

// BenchmarkBody reads replies as agents get them.
func BenchmarkBody(b *testing.B) {
	type server struct{ RPCAdvertiseAddr, RPCVersion, Datacenter string }
	type beat struct {
		HeartbeatTTL    time.Duration
		EvalIDs         []string
		EvalCreateIndex uint64
		LeaderRPCAddr   string
		NumNodes        int32
		Servers         []*server
		Features        map[string]bool // no server sends it
		meta
	}
	type allocs struct {
		Allocs        map[string]uint64
		MigrateTokens map[string]string
		meta
	}
	type listed struct {
		Stubs []Stub
		meta
	}
	beats := beat{HeartbeatTTL: 12 * time.Second, LeaderRPCAddr: "10.0.0.1:4647", NumNodes: 10_000}
	for i := range 5 {
		beats.Servers = append(beats.Servers, &server{fmt.Sprintf("10.0.0.%d:4647", i), "1.9.3", "dc1"})
	}
	some := allocs{Allocs: make(map[string]uint64)}
	for i := range 40 {
		some.Allocs[fmt.Sprintf("5d8a9e5c-7e5e-4f3f-8a07-%012d", i)] = uint64(100_000 + i)
	}
	list := func(n int) listed {
		var l listed
		for i := range n {
			l.Stubs = append(l.Stubs, Stub{ID: fmt.Sprint("5d8a9e5c-", i), Name: "web", Status: "running", Tags: map[string]string{"a": "b", "rack": "r1"}, Counts: []int{1, 2, 300}, Inner: &Stub{}})
		}
		return l
	}
	for _, c := range []struct {
		name     string
		value, v any
	}{
		{"nothing", map[string]any{}, new(struct{})},
		{"beat", beats, new(beat)},
		{"allocs", some, new(allocs)},
		{"10 stubs", list(10), new(listed)},
		{"1000 stubs", list(1000), new(listed)},
		{"any", list(10), new(any)},
		{"map of any", some, new(map[string]any)},
	} {
		b.Run(c.name, func(b *testing.B) {
			body, err := wire.NewEncoder().Value(nil, c.value)
			noError(b, err)
			var s wire.Scanner
			s.Reset(0, 64<<20)
			_, _, err = s.Value(body)
			noError(b, err)
			d := wire.NewDecoder()
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				d.Bound(64<<20, s.Elements())
				if err := d.Body(body, c.v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
