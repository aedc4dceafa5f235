package pool_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// wedged is a server whose first sessions accept so many streams and then none, and
// whose later ones serve. Nothing of it depends on the time.
type wedged struct {
	addr  string
	conns atomic.Int64
}

// startWedged starts it; bad is how many sessions are so.
func startWedged(t *testing.T, bad int64, streams int) *wedged {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	w := &wedged{addr: ln.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			most := streams
			if w.conns.Add(1) > bad {
				most = 1 << 30
			}
			serving.Go(func() { serveWedged(conn, most) })
		}
	})
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { _ = ln.Close() })
	return w
}

func serveWedged(conn net.Conn, most int) {
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return
	}
	cfg := yamux.DefaultConfig()
	cfg.LogOutput, cfg.EnableKeepAlive = io.Discard, false
	session, err := yamux.Server(conn, cfg)
	if err != nil {
		return
	}
	defer func() { _ = session.Close() }()
	var streams sync.WaitGroup
	defer streams.Wait()
	for range most {
		st, err := session.AcceptStream()
		if err != nil {
			return
		}
		if _, err := io.ReadFull(st, make([]byte, 1)); err != nil {
			return
		}
		streams.Go(func() { sessiontest.AnswerPings(st) })
	}
	<-session.CloseChan()
	_ = session.Close()
}

// impatient is a pool that notices within milliseconds what others do within seconds.
// Its pings may take as long as a slow machine needs.
func impatient(t *testing.T, cfg pool.Config) *pool.Pool {
	t.Helper()
	cfg.SilenceLimit = 20 * time.Millisecond
	return newPool(t, cfg)
}

// Whatever calls there were: blocking queries that wait, calls that were cancelled within
// a millisecond, streaming calls.
func TestASessionWhoseServerStopsAcceptingStreamsIsReplacedByOneToTheSameServer(t *testing.T) {
	for name, make := range map[string]func(ctx context.Context, p *pool.Pool, addr string) error{
		"a blocking query": func(ctx context.Context, p *pool.Pool, addr string) error {
			return p.Do(ctx, addr, &pool.Request{Method: "X.Held", Args: dict{}, Block: time.Hour})
		},
		"a cancelled call": func(ctx context.Context, p *pool.Pool, addr string) error {
			var err error
			for ctx.Err() == nil && p.Stats().Streams < 11 {
				soon, stop := context.WithTimeout(ctx, time.Millisecond)
				err = p.Call(soon, addr, "X.Held", nil, nil)
				stop()
			}
			return err
		},
		"a streaming call": func(ctx context.Context, p *pool.Pool, addr string) error {
			_, err := p.Stream(ctx, addr, "X.Held")
			return err
		},
	} {
		for _, streams := range []int{0, 1, 10} {
			t.Run(fmt.Sprintf("%s after %d", name, streams), func(t *testing.T) {
				t.Parallel()
				w := startWedged(t, 1, streams)
				p := impatient(t, pool.Config{})
				ctx, cancel := context.WithCancel(t.Context())
				var making sync.WaitGroup
				for range streams + 1 {
					making.Go(func() { _ = make(ctx, p, w.addr) })
				}
				await(t, "the new session", func() bool { return w.conns.Load() >= 2 })
				// It has answered one call before others find it.
				await(t, "its use", func() bool {
					soon, stop := context.WithTimeout(t.Context(), patience)
					defer stop()
					_, err := p.Ping(soon, w.addr)
					return err == nil
				})
				cancel()
				making.Wait()
			})
		}
	}
}

// A call that waits for a stream on such a session is made again on the next one.
func TestCallsThatWaitForAStreamAreMadeOnTheSessionThatTakesItsPlace(t *testing.T) {
	w := startWedged(t, 1, 0)
	p := impatient(t, pool.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var making, held sync.WaitGroup
	defer held.Wait()
	defer cancel()
	defer making.Wait()
	for range pool.OpeningsFirst {
		held.Go(func() {
			_ = p.Do(ctx, w.addr, &pool.Request{Method: "X.Held", Args: dict{}, Block: time.Hour})
		})
	}
	await(t, "the streams", func() bool { return p.Stats().Streams >= pool.OpeningsFirst })
	var answered atomic.Int64 // all, but where the machine is so slow that the next one seems to be the same
	for range 100 {
		making.Go(func() {
			if p.Do(within(t), w.addr, &pool.Request{Method: "Status.Ping", Args: dict{}}) == nil {
				answered.Add(1)
			}
		})
	}
	await(t, "the new session", func() bool { return w.conns.Load() >= 2 })
	await(t, "the answers", func() bool { return answered.Load() > 0 })
}
