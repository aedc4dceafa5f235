package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// A line of 20 KiB a second: the server reports every six seconds that it has taken half a
// window of the request, and the ping waits behind the rest.
func TestASessionOnASlowLineIsNotSilentWhileARequestGoesOut(t *testing.T) {
	for name, dies := range map[string]bool{"it arrives": false, "the server dies": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := newSilentPool(t, Config{})
				s, err := sp.find(t.Context(), "a:1", 0, false)
				noError(t, err)
				s.Leave()
				ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
				defer stop()
				var taking sync.WaitGroup
				defer taking.Wait()
				taking.Go(func() {
					for !dies && ctx.Err() == nil {
						time.Sleep(6400 * time.Millisecond)
						sp.alive()
						if at := s.conn.Routes.Find(1); at != nil {
							at.Window.Add(128 << 10)
							(*at.Receiver.Load()).WindowGrew()
						}
					}
				})
				err = sp.Call(ctx, "a:1", "X.Y", make([]byte, 8<<20), nil)
				if dies {
					// The window at the slowest rate, and a ping.
					if took := time.Since(sp.begin).Round(time.Second); took != 16*time.Second+2*time.Second {
						t.Errorf("left after %v", took)
					}
				} else {
					sp.after(t, 60*time.Second, "given up")
				}
				if dies != errors.Is(err, ErrSilent) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// slowAck acknowledges a streaming call late, and byte by byte.
type slowAck struct {
	*sessiontest.Stream
	late time.Duration
	ack  []byte
}

func (s *slowAck) Read(b []byte) (int, error) {
	if len(s.ack) == 0 {
		return s.Stream.Read(b)
	}
	time.Sleep(s.late)
	s.late = 100 * time.Millisecond
	b[0], s.ack = s.ack[0], s.ack[1:]
	return 1, nil
}

func TestAnAcknowledgementMayComeSlowlyAndNotStop(t *testing.T) {
	for name, bytes := range map[string]int{"all of it": 1000, "a part": 3} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := aliveButMute(t)
				open := func() mux.Stream {
					ack := wire.AppendReply(nil, wire.Header{})
					return &slowAck{sessiontest.NewStream(sp.mux), 9500 * time.Millisecond, ack[:min(bytes, len(ack))]}
				}
				sp.mux.Opens.Store(&open)
				conn, err := sp.Stream(t.Context(), "a:1", "X.Y")
				if err == nil {
					defer func() { _ = conn.Close() }()
				}
				took := time.Since(sp.begin)
				held, is := errors.AsType[*HoldError](err)
				if whole := bytes > 3; whole != (err == nil) || whole && took < 10*time.Second || !whole && (!is || held.Received != 3) {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}
