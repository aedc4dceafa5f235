package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestASlowReplyIsWaitedForAsLongAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := aliveButMute(t) // 10 s
		replied, err := waits(t, sp, 0, func(_ context.Context, in *incoming, now func() int64) bool {
			for range 100 {
				time.Sleep(8 * time.Second)
				in.came(32<<10, now())
			}
			return true
		})
		sp.after(t, 800*time.Second, "there")
		if !replied || err != nil {
			t.Errorf("%v, %v", replied, err)
		}
	})
}

func TestAReplyThatStopsIsGivenUpAfterTheHoldTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := aliveButMute(t)
		_, err := waits(t, sp, 0, func(_ context.Context, in *incoming, now func() int64) bool {
			time.Sleep(9 * time.Second)
			in.came(100<<10, now())
			return false
		})
		sp.after(t, 19*time.Second, "given up")
		if held, ok := errors.AsType[*HoldError](err); !ok || held.Limit != 10*time.Second || held.Received != 100<<10 {
			t.Errorf("%v", err)
		}
	})
}

func TestAReplyThatTricklesEndsWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := aliveButMute(t)
		_, err := waits(t, sp, 0, func(waiting context.Context, in *incoming, now func() int64) bool {
			for waiting.Err() == nil {
				time.Sleep(5 * time.Second)
				in.came(1, now())
			}
			return false
		})
		if held, ok := errors.AsType[*HoldError](err); !ok || held.Received == 0 || time.Since(sp.begin) > 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(sp.begin))
		}
	})
}

// A slice of the call's time is over, and the reply is on its way: it would only come
// anew elsewhere. When it stops, the slice is over after all.
func TestASliceEndsNoReplyThatIsOnItsWay(t *testing.T) {
	for name, stops := range map[string]bool{"goes on": false, "stops": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := aliveButMute(t)
				replied, err := waits(t, sp, 2*time.Second, func(_ context.Context, in *incoming, now func() int64) bool {
					for range 20 {
						time.Sleep(time.Second)
						in.came(8<<10, now())
						if stops && now() > int64(5*time.Second) {
							return false
						}
					}
					return true
				})
				if replied == stops || stops != errors.Is(err, ErrAttemptTimeout) {
					t.Errorf("%v, %v", replied, err)
				}
				if took := time.Since(sp.begin); stops && took > 12*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestASliceEndsAReplyThatTrickles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := aliveButMute(t)
		_, err := waits(t, sp, 2*time.Second, func(waiting context.Context, in *incoming, now func() int64) bool {
			for waiting.Err() == nil {
				time.Sleep(100 * time.Millisecond)
				in.came(10, now())
			}
			return false
		})
		if took := time.Since(sp.begin); !errors.Is(err, ErrAttemptTimeout) || took > 2100*time.Millisecond { // with the trickle's end
			t.Errorf("%v after %v", err, took)
		}
	})
}

// A line of 20 KiB a second: the server says every six seconds that it has taken half a
// window of the request, and the ping waits behind the rest.
func TestASessionOnASlowLineIsNotSilentWhileARequestGoesOut(t *testing.T) {
	for name, dies := range map[string]bool{"it arrives": false, "the server dies": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := newSilentPool(t, Config{})
				s, err := sp.find(t.Context(), "a:1", 0)
				if err != nil {
					t.Fatal(err)
				}
				s.leave()
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
	*silentStream
	late time.Duration
	ack  []byte
}

func (s *slowAck) Read(b []byte) (int, error) {
	if len(s.ack) == 0 {
		return s.silentStream.Read(b)
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
					return &slowAck{newSilentStream(sp.mux), 9500 * time.Millisecond, ack[:min(bytes, len(ack))]}
				}
				sp.mux.opens.Store(&open)
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

func TestACallWhoseAnswerIsOnItsWayIsNotMoved(t *testing.T) {
	for name, coming := range map[string]bool{"it is": true, "it is not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := aliveButMute(t)
				s, err := sp.find(t.Context(), "a:1", 0)
				if err != nil {
					t.Fatal(err)
				}
				defer s.leave()
				watch := time.NewTimer(time.Hour)
				defer watch.Stop()
				var in incoming
				w := s.patience(t.Context(), watch, 0, 0)
				moved, done := make(chan struct{}), make(chan struct{}, 1)
				w.answer, w.moved, w.retired = &in, moved, s.retiring
				if coming {
					in.came(5000, int64(time.Since(sp.origin))+1)
				}
				close(moved)
				time.AfterFunc(time.Second, func() { done <- struct{}{} })
				if replied, err := w.await(done, nil); replied != coming || coming == errors.Is(err, ErrMoved) {
					t.Errorf("%v, %v", replied, err)
				}
				time.Sleep(time.Second)
			})
		})
	}
}
