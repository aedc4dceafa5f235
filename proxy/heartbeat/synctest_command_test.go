package heartbeat_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
)

func TestANodeThatChangesIsRegisteredAndAStatusReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{Status: heartbeat.Initializing})
		h := start(t, p, cfg)
		if err := h.Register(t.Context()); err != nil { // joins the first
			t.Fatal(err)
		}
		await(t, "landed", events.replies)
		if all := f.calls(""); len(all) != 2 || all[1].args["Status"] != "initializing" {
			t.Fatalf("%v", all)
		}
		time.Sleep(2 * time.Second)
		if err := h.SetStatus(t.Context(), heartbeat.Ready); err != nil {
			t.Fatal(err)
		}
		if all := f.calls(""); len(all) != 1 || all[0].args["Status"] != "ready" || all[0].args["ForceIdentityRenewal"] != false {
			t.Fatalf("%v", all)
		}
		time.Sleep(2 * time.Second)
		if err := h.SetNode(t.Context(), dict{"ID": nodeID, "Drivers": dict{"exec": true}}); err != nil {
			t.Fatal(err)
		}
		all := f.calls("")
		if len(all) != 1 || !all[0].is("Node.Register") {
			t.Fatalf("%v", all)
		}
		if node, _ := all[0].args["Node"].(dict); len(node) != 2 || node["Drivers"] == nil {
			t.Errorf("registered %v", node)
		}
		time.Sleep(2 * time.Second)
		if err := h.RenewIdentity(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all := f.calls(""); len(all) != 1 || all[0].args["ForceIdentityRenewal"] != true {
			t.Errorf("%v", all)
		}
		f.answers(func(_ context.Context, r request) (dict, error) {
			return with(granted(ttl), "SignedIdentity", "signed"), nil
		})
		time.Sleep(2 * ttl)
		if last := f.calls(""); h.AuthToken() != "signed" || last[len(last)-1].args["ForceIdentityRenewal"] != false {
			t.Errorf("token %q, %v", h.AuthToken(), last)
		}
	})
}

func TestARequestThatIsRefusedFailsForItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{})
		h := start(t, p, cfg)
		await(t, "landed", events.replies)
		const text = "missing datacenter for client registration"
		f.answers(func(_ context.Context, r request) (dict, error) {
			if r.is("Node.Register") {
				return nil, says(r, text, nil)
			}
			return granted(ttl), nil
		})
		err := h.SetNode(t.Context(), dict{"Name": "worker"})
		if remote, ok := errors.AsType[*pool.RemoteError](err); !ok || remote.Text != text {
			t.Errorf("%v", err)
		}
		time.Sleep(5 * time.Minute) // the node is registered as it was
		if len(events.missed) > 0 || len(events.refused) > 20 {
			t.Errorf("%d TTLs missed, %d times refused", len(events.missed), len(events.refused))
		}
		var config *heartbeat.ConfigError
		if err := h.SetStatus(t.Context(), "well"); !errors.As(err, &config) || !strings.Contains(err.Error(), `"well"`) {
			t.Errorf("%v", err)
		}
		if err := h.SetNode(t.Context(), 5); !errors.As(err, &config) {
			t.Errorf("%v", err)
		}
		if err := h.SetNode(t.Context(), dict{"ID": secretID}); !errors.As(err, &config) {
			t.Errorf("%v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.answers(silent(ttl, func(request) bool { return true }))
		if err := h.Register(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		stops(t, h, p)
		if err := h.Register(t.Context()); !errors.Is(err, heartbeat.ErrStopped) {
			t.Errorf("%v", err)
		}
	})
}

// However often an embedder asks, a cluster sees a call a second.
func TestRequestsInALoopDoNotReachTheClusterAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p := overFakes(t, f)
		h := start(t, p, heartbeat.Config{})
		end := time.Now().Add(30 * time.Second)
		for time.Now().Before(end) {
			if err := errors.Join(h.SetNode(t.Context(), aNode()), h.SetStatus(t.Context(), heartbeat.Ready)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(f.calls("")); n > 35 {
			t.Errorf("%d calls in 30 s", n)
		}
	})
}

func TestACallbackThatBlocksPanicsOrEndsItsGoroutineStopsNoHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p := overFakes(t, f)
		log := make(lines, 1000)
		var replies atomic.Int64
		block := make(chan struct{})
		h := start(t, p, heartbeat.Config{
			Logger:       zerolog.New(log).Level(zerolog.WarnLevel),
			OnRegistered: func(heartbeat.Reply) { panic("a bug of the embedder") },
			OnReply: func(heartbeat.Reply) {
				switch replies.Add(1) {
				case 1:
					runtime.Goexit()
				case 2:
					<-block
				}
			},
		})
		time.Sleep(30 * time.Minute)
		beats := len(f.calls("Node.UpdateStatus"))
		if beats < 220 || replies.Load() != 2 {
			t.Errorf("%d heartbeats, %d callbacks", beats, replies.Load())
		}
		if st := h.Stats(); st.Panics != 2 || st.LostLines != 0 {
			t.Errorf("%+v", st)
		}
		if len(log) != 3 {
			t.Errorf("%d lines, want one of the panic, one of the goroutine's end and one of the events that are dropped", len(log))
		}
		if line := <-log; !strings.Contains(line, "a bug of the embedder") || !strings.Contains(line, "synctest_command_test.go") {
			t.Errorf("%s", line)
		}
		close(block)
		time.Sleep(time.Second)
		if n := replies.Load(); n != 2+64 {
			t.Errorf("%d callbacks: 64 may wait", n)
		}
	})
}

func TestStopDoesNotWaitForACallbackBeyondItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p := overFakes(t, f)
		block := make(chan struct{})
		h := start(t, p, heartbeat.Config{OnRegistered: func(heartbeat.Reply) { <-block }})
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		await(t, "done", h.Done())
		close(block)
	})
}

func TestStopAtAnyMomentEndsEverythingAtOnce(t *testing.T) {
	slow := func(ctx context.Context, r request) (dict, error) {
		select {
		case <-time.After(300 * time.Millisecond):
			return granted(time.Second), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for d := time.Duration(0); d < 3*time.Second; d += 20 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			f := newFakes(slow)
			p := overFakes(t, f)
			h := start(t, p, heartbeat.Config{})
			if d > 2*time.Second {
				f.isDown(addrs...)
			}
			waits := make(chan error, 1)
			time.Sleep(d)
			go func() { waits <- h.SetStatus(context.Background(), heartbeat.Ready) }()
			synctest.Wait()
			began := time.Now()
			stops(t, h)
			if took := time.Since(began); took > 0 {
				t.Errorf("stopped after %v in %v", d, took)
			}
			if err := <-waits; err != nil && !errors.Is(err, heartbeat.ErrStopped) {
				t.Errorf("%v", err)
			}
			if !errors.Is(h.Err(), heartbeat.ErrStopped) {
				t.Errorf("%v", h.Err())
			}
			f.calls("")
			time.Sleep(time.Minute)
			if n := len(f.calls("")); n > 0 {
				t.Errorf("%d calls after the end", n)
			}
		})
	}
}

func TestAHeartbeatEndsWithItsProxy(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakes(grants(ttl))
			p := overFakes(t, f)
			h := start(t, p, heartbeat.Config{})
			if h.Err() != nil {
				t.Errorf("%v", h.Err())
			}
			time.Sleep(wait)
			stops(t, p)
			stopped := time.Now()
			await(t, "done", h.Done())
			if late := time.Since(stopped); late > 0 {
				t.Errorf("it ended %v after its proxy", late)
			}
			if !errors.Is(h.Err(), heartbeat.ErrStopped) {
				t.Errorf("%v", h.Err())
			}
			stops(t, h)
		})
	}
}

func TestAProxyThatCarriesNoCallsIsNotAskedInALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(ttl))
		p, err := proxy.Start(proxy.Config{Servers: addrs, Pinger: justPinging{f}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stops(t, p) })
		cfg, events := listening(heartbeat.Config{})
		start(t, p, cfg)
		time.Sleep(5 * time.Minute)
		if n := len(events.refused); n < 8 || n > 15 {
			t.Errorf("refused %d times", n)
		}
		if err := <-events.refused; !errors.Is(err, proxy.ErrNoCaller) {
			t.Errorf("%v", err)
		}
	})
}

// justPinging is a Pinger that is no Caller.
type justPinging struct{ f *fakes }

func (j justPinging) Ping(ctx context.Context, addr string) (time.Duration, error) {
	return j.f.Ping(ctx, addr)
}

// What carries the calls panics, or ends its goroutine: the next call is made as after any
// that failed.
func TestACallerThatPanicsOrEndsItsGoroutineStopsNoHeartbeat(t *testing.T) {
	for name, harm := range map[string]func(){"a panic": func() { panic("a bug of the embedder") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good, calls := grants(ttl), 0 // one call at a time
				f := newFakes(func(ctx context.Context, r request) (dict, error) {
					if calls++; calls <= 3 {
						harm()
					}
					return good(ctx, r)
				})
				log := make(lines, 1000)
				h := start(t, overFakes(t, f), heartbeat.Config{Logger: zerolog.New(log)})
				time.Sleep(30 * time.Minute)
				if beats := len(f.calls("Node.UpdateStatus")); beats < 100 {
					t.Errorf("%d heartbeats", beats)
				}
				if err := h.SetStatus(t.Context(), heartbeat.Down); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A log's writer that blocks stops no heartbeat, and Stop returns.
func TestALogThatBlocksStopsNoHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := newFakes(grants(ttl))
		h := start(t, overFakes(t, f), heartbeat.Config{Logger: zerolog.New(blocking(release))})
		time.Sleep(30 * time.Minute)
		if beats := len(f.calls("Node.UpdateStatus")); beats < 100 {
			t.Errorf("%d heartbeats", beats)
		}
		time.Sleep(3 * time.Hour) // each heartbeat is a line
		if h.Stats().LostLines == 0 {
			t.Error("no line is counted as lost")
		}
		began := time.Now()
		stops(t, h)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("Stop took %v", took)
		}
		close(release)
	})
}

type blocking chan struct{}

func (b blocking) Write(p []byte) (int, error) { <-b; return len(p), nil }
