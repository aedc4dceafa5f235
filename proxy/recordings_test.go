package proxy_test

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// replayed is a proxy whose one server plays a recording of a real one: the nth
// request of a method is answered as the nth was.
func replayed(t *testing.T, name string) (*proxy.Proxy, []testutil.Exchange) {
	t.Helper()
	recorded, err := testutil.LoadGolden(name)
	if err != nil {
		t.Fatal(err)
	}
	player, err := testutil.StartPlayer(testutil.PlayerConfig{Transcript: recorded})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, player.Stop) })
	return startProxy(t, proxy.Config{Servers: []string{player.Addr()}, RetryTimeout: far}), recorded.Exchanges()
}

// beat is what a heartbeat's reply tells.
type beat struct {
	HeartbeatTTL  time.Duration
	LeaderRPCAddr string
	Servers       []struct{ RPCAdvertiseAddr string }
}

// replay makes one call as the recorded client did.
func replay(t *testing.T, p *proxy.Proxy, e *testutil.Exchange, opts ...proxy.CallOption) (beat, error) {
	t.Helper()
	var got beat
	err := p.Call(endless(t), e.Method, e.RequestValue, &got, opts...)
	return got, err
}

// fails looks at the error of a call that was sent so often.
func fails(t *testing.T, err, kind error, outcome pool.Outcome, attempts int, raw string) {
	t.Helper()
	call, ok := errors.AsType[*proxy.CallError](err)
	if !ok || !errors.Is(err, kind) || call.Outcome != outcome || call.Attempts != attempts {
		t.Errorf("%v, want %v, %v after %d attempts", err, kind, outcome, attempts)
	}
	if remote, ok := errors.AsType[*pool.RemoteError](err); !ok || remote.Raw != raw {
		t.Errorf("%+v is not as sent: %q", remote, raw)
	}
}

// The leader is stopped behind a follower: the third heartbeat is answered with
// "stream closed", the next seven with a refused dial. Nothing was sent to it, so
// it does not matter what a second execution would do.
func TestTheHeartbeatOverAnInterruptedLeaderSucceeds(t *testing.T) {
	t.Parallel()
	for _, class := range []proxy.Class{proxy.Idempotent, proxy.AtMostOnce} {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			p, recorded := replayed(t, "leader_interrupted")
			for i := range 6 {
				last := &recorded[min(i, 3)]
				opts := options(class)
				if i == 0 {
					opts = nil // the registration
				}
				got, err := replay(t, p, last, opts...)
				if err != nil || len(got.Servers) != 3 {
					t.Fatalf("call %d: %+v, %v", i, got, err)
				}
				leader := "127.0.1.142:4647"
				if i >= 3 {
					leader = "127.0.1.143:4647" // the one that was elected meanwhile
				}
				if got.LeaderRPCAddr != leader {
					t.Errorf("call %d: the leader is %s, want %s", i, got.LeaderRPCAddr, leader)
				}
			}
		})
	}
}

// The same with the soft deadline that a heartbeat has: its pauses are short.
func TestTheHeartbeatOverAnInterruptedLeaderSucceedsByItsSoftDeadline(t *testing.T) {
	t.Parallel()
	p, recorded := replayed(t, "leader_interrupted")
	for i := range 4 {
		got, err := replay(t, p, &recorded[i], proxy.WithSoftDeadline(time.Now().Add(10*time.Second)))
		if err != nil || len(got.Servers) != 3 {
			t.Fatalf("call %d: %+v, %v", i, got, err)
		}
	}
}

// The leader is killed with a heartbeat: "EOF", which may have been executed, then
// refused dials.
func TestTheHeartbeatOverADeadLeaderSucceedsIfItMayBeRepeated(t *testing.T) {
	t.Parallel()
	for _, class := range []proxy.Class{proxy.Idempotent, proxy.AtMostOnce} {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			p, recorded := replayed(t, "leader_killed")
			for i := range 2 {
				if _, err := replay(t, p, &recorded[i]); err != nil {
					t.Fatal(err)
				}
			}
			got, err := replay(t, p, &recorded[2], options(class)...)
			if class == proxy.AtMostOnce {
				fails(t, err, pool.ErrLeaderUnreachable, pool.MaybeExecuted, 1, "rpc error: EOF")
				// Nothing was sent to the dead one any more.
				got, err = replay(t, p, &recorded[3], options(class)...)
			}
			if err != nil || got.LeaderRPCAddr != "127.0.0.4:4647" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// No server died, and yet writes are refused in raft's words. A handler may have
// applied another before.
func TestARegistrationOverALeadershipTransferSucceedsIfItMayBeRepeated(t *testing.T) {
	t.Parallel()
	for _, class := range []proxy.Class{proxy.Idempotent, proxy.AtMostOnce} {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			p, recorded := replayed(t, "leadership_transfer")
			for i := range 4 {
				if _, err := replay(t, p, &recorded[i], options(class)...); err != nil {
					t.Fatal(err)
				}
			}
			if class == proxy.AtMostOnce {
				for i := 4; i < 7; i++ {
					_, err := replay(t, p, &recorded[i], options(class)...)
					fails(t, err, pool.ErrNotLeader, pool.MaybeExecuted, 1, "rpc error: leadership transfer in progress")
				}
			}
			got, err := replay(t, p, &recorded[4], options(class)...)
			if err != nil || got.HeartbeatTTL == 0 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// For about 0.2 s a cluster has no key to sign with. Nothing was written.
func TestARegistrationWithAClusterJustBornSucceeds(t *testing.T) {
	t.Parallel()
	for _, class := range []proxy.Class{proxy.Idempotent, proxy.AtMostOnce} {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			p, recorded := replayed(t, "cluster_starting")
			got, err := replay(t, p, &recorded[0], options(class)...)
			if err != nil || got.HeartbeatTTL == 0 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// What a server refuses for its arguments it refuses once, whatever the class, in
// words that reach the caller as sent; and nothing was executed.
func TestRefusedArgumentsAreRefusedOnce(t *testing.T) {
	for _, class := range []proxy.Class{proxy.Read, proxy.Idempotent, proxy.AtMostOnce} {
		p, recorded := replayed(t, "refused_arguments")
		refusals := 0
		for i := range recorded {
			e := &recorded[i]
			_, err := replay(t, p, e, options(class)...)
			if e.Error == "" {
				if err != nil {
					t.Errorf("%d, %s: %v", i, e.Method, err)
				}
				continue
			}
			refusals++
			kind := pool.ErrBadArguments
			switch e.Error {
			case testutil.ErrTextPermissionDenied:
				kind = pool.ErrPermissionDenied
			case testutil.ErrTextNodeNotFound:
				kind = pool.ErrUnknownNode
			}
			fails(t, err, kind, pool.Rejected, 1, e.Error)
		}
		if refusals < 15 {
			t.Errorf("%d refusals only", refusals)
		}
	}
}

// Through a follower, and to a region that it does not know.
func TestAForwardedCallReportsThat(t *testing.T) {
	p, recorded := replayed(t, "follower_errors")
	for i := range recorded {
		e := &recorded[i]
		_, err := replay(t, p, e)
		remote, refused := errors.AsType[*pool.RemoteError](err)
		if refused != (e.Error != "") || refused && remote.Raw != e.Error {
			t.Errorf("%d, %s: %v, recorded was %q", i, e.Method, err, e.Error)
		}
	}
}
