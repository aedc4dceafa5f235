package pool_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The arguments as an agent declares them.
type writeRequest struct {
	AuthToken, IdempotencyToken, Namespace, Region string
	Forwarded                                      bool
}

type queryOptions struct {
	AllowStale, Forwarded, Reverse                          bool
	AuthToken, Filter, Namespace, NextToken, Prefix, Region string
	MaxQueryTime                                            time.Duration
	MinQueryIndex                                           uint64
	PerPage                                                 int32
}

type updateStatusArgs struct {
	NodeID, Status       string
	UpdatedAt            int64
	ForceIdentityRenewal bool
	writeRequest
}

type registerArgs struct {
	Node struct {
		ID, SecretID, Datacenter, Name string
		Attributes                     map[string]string
	}
	CreateNodePool bool
	writeRequest
}

type heartbeatReply struct {
	Servers []struct {
		RPCAdvertiseAddr, Datacenter     string
		RPCMajorVersion, RPCMinorVersion int
	}
	NumNodes       int
	LeaderRPCAddr  string
	HeartbeatTTL   time.Duration
	Index          uint64
	SignedIdentity *string
}

func exchanges(t *testing.T, name string) []testutil.Exchange {
	t.Helper()
	recorded, err := testutil.LoadGolden(name)
	noError(t, err)
	return recorded.Exchanges()
}

// generic reads any encoded value.
func generic(t *testing.T, b []byte) (v any) {
	t.Helper()
	noError(t, wire.NewDecoder().Body(b, &v))
	return v
}

// TestOurRequestsAreThoseOfARealClient fills the recorded values into an agent's
// types and encodes them again: header to the byte, body value by value.
func TestOurRequestsAreThoseOfARealClient(t *testing.T) {
	all := slices.Concat(exchanges(t, "ping"), exchanges(t, "register_heartbeat"))
	seen := map[string]int{}
	for _, e := range all {
		var args any
		switch e.Method {
		case "Status.Ping", "Status.Leader", "Status.Peers":
			args = new(queryOptions)
			if len(generic(t, e.RequestBody).(dict)) == 0 {
				args = new(struct{})
			}
		case "Node.UpdateStatus":
			args = new(updateStatusArgs)
		case "Node.Register":
			args = new(registerArgs)
		default:
			continue
		}
		seen[e.Method]++
		var h struct{ Seq uint64 }
		noError(t, wire.NewDecoder().Body(e.RequestHeader, &h))
		noError(t, wire.NewDecoder().Body(e.RequestBody, args))
		got, err := wire.NewEncoder().Value(wire.AppendRequest(nil, h.Seq, e.Method), args)
		noError(t, err)
		body, found := bytes.CutPrefix(got, e.RequestHeader)
		if !found {
			t.Fatalf("%s: header of % x\nwant % x", e.Method, got, []byte(e.RequestHeader))
		}
		if diff := cmp.Diff(generic(t, e.RequestBody), generic(t, body), numbers); diff != "" {
			t.Errorf("%s:\n%s", e.Method, diff)
		}
	}
	for _, method := range []string{"Status.Ping", "Node.UpdateStatus", "Node.Register"} {
		if seen[method] == 0 {
			t.Errorf("no recorded %s in %v", method, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// numbers makes integers equal whatever form they were sent in.
var numbers = cmp.FilterValues(func(a, b any) bool {
	_, x := number(a)
	_, y := number(b)
	return x && y
}, cmp.Comparer(func(a, b any) bool {
	x, _ := number(a)
	y, _ := number(b)
	return x == y
}))

func number(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case uint64:
		return int64(n), true
	}
	return 0, false
}

// Every recorded answer is found and read, whichever call it belongs to.
func TestOurDecoderReadsEveryRecordedReply(t *testing.T) {
	replies := 0
	for _, name := range testutil.GoldenNames() {
		for _, e := range exchanges(t, name) {
			replies++
			both := slices.Concat(e.ResponseHeader, e.ResponseBody)
			var s wire.Scanner
			s.Reset(0, len(both))
			header, ok, err := s.Value(both)
			if header != len(e.ResponseHeader) || !ok || err != nil {
				t.Fatalf("%s, %s: header ends at %d, %v, %v", name, e.Method, header, ok, err)
			}
			end, ok, err := s.Value(both)
			if end != len(both) || !ok || err != nil {
				t.Fatalf("%s, %s: reply ends at %d of %d, %v, %v", name, e.Method, end, len(both), ok, err)
			}
			var h wire.Header
			if err := wire.NewDecoder().Header(both[:header], &h); err != nil || h.Error != e.Error {
				t.Fatalf("%s, %s: %+v, %v", name, e.Method, h, err)
			}
			generic(t, both[header:end])
		}
	}
	if replies < 30 {
		t.Fatalf("%d replies only", replies)
	}
}

func TestACallReadsTheRecordedHeartbeats(t *testing.T) {
	player := startPlayer(t, "register_heartbeat")
	p := newPool(t, pool.Config{})
	for i, e := range exchanges(t, "register_heartbeat") {
		if e.Method != "Node.Register" && e.Method != "Node.UpdateStatus" {
			continue
		}
		var got, want heartbeatReply
		noError(t, wire.NewDecoder().Body(e.ResponseBody, &want))
		if err := p.Call(within(t), player, e.Method, generic(t, e.RequestBody), &got); err != nil {
			t.Fatalf("%d, %s: %v", i, e.Method, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if len(got.Servers) != 3 || got.LeaderRPCAddr == "" || got.HeartbeatTTL < 10*time.Second || got.NumNodes == 0 {
			t.Fatalf("%+v", got)
		}
	}
}

func TestACallReadsTheRecordedErrors(t *testing.T) {
	player := startPlayer(t, "unknown_method")
	p := newPool(t, pool.Config{})
	errorsSeen := 0
	for _, e := range exchanges(t, "unknown_method") {
		err := p.Call(within(t), player, e.Method, generic(t, e.RequestBody), nil)
		if e.Error == "" {
			if err != nil {
				t.Fatalf("%s: %v", e.Method, err)
			}
			continue
		}
		errorsSeen++
		remote := as[*pool.RemoteError](t, err)
		if remote.Text != e.Error || remote.Hops != 0 || remote.Kind == nil {
			t.Fatalf("%s: %+v, want %q", e.Method, *remote, e.Error)
		}
	}
	if errorsSeen == 0 {
		t.Fatal("no error in the recording")
	}
}

func startPlayer(t *testing.T, name string) (addr string) {
	t.Helper()
	recorded, err := testutil.LoadGolden(name)
	noError(t, err)
	player, err := testutil.StartPlayer(testutil.PlayerConfig{Transcript: recorded})
	noError(t, err)
	t.Cleanup(func() { stop(t, player.Stop) })
	return player.Addr()
}
