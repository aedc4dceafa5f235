package proxy_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The answers of servers while leaders change, in more words and wrappings than the rows
// have. All of it passes, and the session to that server is healthy.
func TestACallStaysWithTheServerWhileTheLeaderChanges(t *testing.T) {
	t.Parallel()
	const (
		unsent = pool.Rejected
		maybe  = pool.MaybeExecuted
	)
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	view := p.View()
	s := c.ServerAt(active(t, p).Addr)
	for text, outcome := range map[string]pool.Outcome{
		"rpc error: stream closed":                                                             unsent,
		"rpc error: rpc error: stream closed":                                                  unsent,
		"rpc error: msgpack encode error: stream closed":                                       unsent,
		"rpc error: failed to get conn: dial tcp 10.0.0.1:4647: i/o timeout":                   unsent,
		"rpc error: failed to get conn: rpc error: lead thread didn't get connection":          unsent,
		"rpc error: failed to get conn: remote error: tls: bad certificate":                    unsent,
		"rpc error: failed to start stream: connection write timeout":                          unsent,
		"failed to sign node identity claims: keyring has not been initialized yet":            unsent,
		"rpc error: failed to sign node identity claims: keyring has not been initialized yet": unsent,
		"rpc error: EOF":               maybe,
		"rpc error: unexpected EOF":    maybe,
		"rpc error: connection reset":  maybe,
		"rpc error: keepalive timeout": maybe,
		"rpc error: write tcp 127.0.0.1:5->127.0.0.2:4647: write: broken pipe":                 maybe,
		"rpc error: read tcp 127.0.0.1:5->127.0.0.2:4647: use of closed network connection":    maybe,
		"rpc error: msgpack decode error [pos 0]: connection reset":                            maybe,
		"leadership transfer in progress":                                                      maybe,
		"rpc error: rpc error: node is not the leader":                                         maybe,
		"raft apply failed: node is not the leader":                                            maybe,
		"leadership lost while committing log":                                                 maybe,
		"rpc error: raft apply failed: leadership lost while committing log":                   maybe,
		"1 error occurred:\n\t* leadership lost while committing log\n\n":                      maybe,
		"rpc error: 2 errors occurred:\n\t* leadership lost while committing log\n\t* EOF\n\n": maybe,
		"rpc error: 1 error occurred:\n\t* rpc error: node is not the leader\n\n":              maybe,
		"rpc error: raft is already shutdown":                                                  maybe,
		"rpc error: timed out enqueuing operation":                                             maybe,
	} {
		for _, class := range []proxy.Class{proxy.AtMostOnce, proxy.Idempotent, proxy.Read} {
			t.Run(text+"/"+class.String(), func(t *testing.T) {
				id, carries := t.Name(), outcome == pool.Rejected || class != proxy.AtMostOnce
				s.Inject(testutil.AppError("Echo.Count", text).Times(1))
				var got testutil.EchoCount
				err := p.Call(within(t), "Echo.Count", counted{id}, &got, options(class)...)
				if carries {
					if err != nil || got.Server != s.Addr() || got.Count != 1 || c.Executions(id) != 1 {
						t.Errorf("%+v, %v", got, err)
					}
				} else {
					call, ok := errors.AsType[*proxy.CallError](err)
					if !ok || call.Attempts != 1 || call.Outcome != outcome || c.Executions(id) != 0 {
						t.Errorf("%+v", err)
					}
					if remote, ok := errors.AsType[*pool.RemoteError](err); !ok || remote.Raw != text {
						t.Errorf("%+v is not what was sent", remote)
					}
				}
				if !sameOrder(p.View(), view) {
					t.Errorf("the view was %s\nand is %s", picture(view), picture(p.View()))
				}
			})
		}
	}
}

// Its answer reports that.
func TestACallPassesByAServerThatIsStopping(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	c.ServerAt(front.Addr).Inject(testutil.AppError("Echo.Count", "raft is already shutdown"))
	var got testutil.EchoCount
	if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got, options(proxy.Idempotent)...); err != nil || got.Server == front.Addr {
		t.Errorf("%+v, %v", got, err)
	}
	if active(t, p) != front {
		t.Error("it was left before it went")
	}
}

// regional is the argument of a call to another region, or to one server.
type regional struct{ ID, Region, ServerID string }

// Servers of another region fail in the words of a leader's failure, and that may
// last.
func TestAnotherRegionsDeadServersAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	const dead = "rpc error: failed to get conn: dial tcp 10.0.0.1:4647: connect: connection refused"
	check := func(name string, size int, args any, text string) {
		ended := t.Run(fmt.Sprintf("%d servers/%s/%s", size, name, text), func(t *testing.T) {
			c := startCluster(t, size)
			p := startProxy(t, proxy.Config{Servers: c.Addrs(), RetryTimeout: far})
			view := p.View()
			for _, s := range c.Servers() {
				s.Inject(testutil.AppError("Echo.Count", text))
			}
			err := p.Call(endless(t), "Echo.Count", args, nil)
			call, ok := errors.AsType[*proxy.CallError](err)
			if !ok || call.Attempts != 3 || call.Outcome != pool.Rejected || errors.Is(err, proxy.ErrRetriesSpent) {
				t.Errorf("%+v", err)
			}
			var most int64
			for _, s := range c.Servers() {
				most = max(most, s.Counts().Methods["Echo.Count"])
			}
			if want := int64(3+size-1) / int64(size); most != want {
				t.Errorf("one of %d servers was asked %d times, want %d", size, most, want)
			}
			if !sameOrder(p.View(), view) {
				t.Errorf("the view was %s\nand is %s", picture(view), picture(p.View()))
			}
		})
		if !ended {
			t.FailNow() // each of the others would take as long
		}
	}
	for size := 1; size <= 3; size++ {
		for _, text := range []string{dead, "rpc error: stream closed", "rpc error: No cluster leader", "rpc error: rpc error: failed to start stream: EOF"} {
			check("struct", size, regional{ID: "a", Region: "mars"}, text)
		}
	}
	for name, args := range map[string]any{
		"pointer":    &regional{ID: "a", Region: "mars"},
		"embedded":   struct{ regional }{regional{ID: "a", Region: "mars"}},
		"map":        map[string]any{"ID": "a", "Region": "mars"},
		"other map":  map[string]string{"ID": "a", "Region": "mars"},
		"renamed":    renamed{ID: "a", Where: "mars"},
		"method":     &saying{ID: "a"},
		"one server": regional{ID: "a", Region: "global", ServerID: "a1b2"},
		"both":       regional{ID: "a", Region: "mars", ServerID: "leader"},
	} {
		check(name, 1, args, dead)
	}
}

// renamed has a region under another name in Go.
type renamed struct {
	ID    string
	Where string `codec:"Region"`
}

// saying tells its region by a method, as Nomad's requests do.
type saying struct{ ID string }

func (s *saying) RequestRegion() string { return "mars" }

func TestTheClustersOwnLeaderIsWaitedForWhateverItsRegion(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]any{
		"own region": regional{ID: "a", Region: "mars"},
		"no region":  counted{"a"},
		"leader":     regional{ID: "a", Region: "mars", ServerID: "leader"},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCluster(t, 2)
			p := startProxy(t, proxy.Config{Servers: c.Addrs(), Region: "mars"})
			s := c.ServerAt(active(t, p).Addr)
			s.Inject(testutil.AppError("Echo.Count", "rpc error: stream closed").Times(5))
			var got testutil.EchoCount
			if err := p.Call(within(t), "Echo.Count", args, &got); err != nil || got.Server != s.Addr() {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// A server of another region, or of an older version, stands in the list.
func TestADenialGoesRoundTheServersOnceAndThenToTheCaller(t *testing.T) {
	for _, text := range []string{"No path to region", "rpc: can't find method Echo.Count"} {
		t.Run(text, func(t *testing.T) {
			c := startCluster(t, 4)
			p := startProxy(t, proxy.Config{Servers: c.Addrs(), RetryTimeout: far})
			view := p.View()
			for i, s := range c.Servers() {
				if i == 0 {
					s.Kill() // one that fails is not waited for
				} else {
					s.Inject(testutil.AppError("Echo.Count", text))
				}
			}
			begin := time.Now()
			err := p.Call(endless(t), "Echo.Count", counted{"a"}, nil)
			call, ok := errors.AsType[*proxy.CallError](err)
			if remote, is := errors.AsType[*pool.RemoteError](err); !ok || !is || remote.Raw != text || call.Outcome != pool.Rejected {
				t.Errorf("%+v", err)
			}
			for _, s := range c.Servers()[1:] {
				if n := s.Counts().Methods["Echo.Count"]; n != 1 {
					t.Errorf("%s was asked %d times", s.Addr(), n)
				}
			}
			if call.Attempts > view.Len() {
				t.Errorf("%d attempts", call.Attempts)
			}
			t.Logf("ended after %v", time.Since(begin))
		})
	}
}

// The last one serves it, however often the others deny.
func TestADenialIsNoFailureWhereOneServerServesTheCall(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	for _, s := range c.Servers() {
		if s.Addr() == front.Addr {
			s.Inject(testutil.AppError("Echo.Count", "No path to region"))
		}
	}
	for range 20 {
		var got testutil.EchoCount
		if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got); err != nil || got.Server == front.Addr {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if n := c.Executions("a"); n != 20 || active(t, p) != front {
		t.Errorf("executed %d times; in front is %v, was %v", n, active(t, p), front)
	}
}
