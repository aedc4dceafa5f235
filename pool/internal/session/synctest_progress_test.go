package session

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestASlowReplyIsWaitedForAsLongAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := aliveButMute(t) // 10 s
		replied, err := waits(t, s, 0, func(_ context.Context, in *incoming, now func() int64) bool {
			for range 100 {
				time.Sleep(8 * time.Second)
				in.add(32<<10, now())
			}
			return true
		})
		s.after(t, 800*time.Second, "there")
		if !replied || err != nil {
			t.Errorf("%v, %v", replied, err)
		}
	})
}

func TestAReplyThatStopsIsGivenUpAfterTheHoldTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := aliveButMute(t)
		_, err := waits(t, s, 0, func(_ context.Context, in *incoming, now func() int64) bool {
			time.Sleep(9 * time.Second)
			in.add(100<<10, now())
			return false
		})
		s.after(t, 19*time.Second, "given up")
		if held, ok := errors.AsType[*failure](err); !ok || held.limit != 10*time.Second || held.received != 100<<10 {
			t.Errorf("%v", err)
		}
	})
}

func TestAReplyThatTricklesEndsWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := aliveButMute(t)
		_, err := waits(t, s, 0, func(waiting context.Context, in *incoming, now func() int64) bool {
			for waiting.Err() == nil {
				time.Sleep(5 * time.Second)
				in.add(1, now())
			}
			return false
		})
		if held, ok := errors.AsType[*failure](err); !ok || held.received == 0 || time.Since(s.begin) > 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(s.begin))
		}
	})
}

// A slice of the call's time is over, and the reply is on its way: it would only come
// anew elsewhere. When it stops, the slice is over after all.
func TestASliceEndsNoReplyThatIsOnItsWay(t *testing.T) {
	for name, stops := range map[string]bool{"goes on": false, "stops": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := aliveButMute(t)
				replied, err := waits(t, s, 2*time.Second, func(_ context.Context, in *incoming, now func() int64) bool {
					for range 20 {
						time.Sleep(time.Second)
						in.add(8<<10, now())
						if stops && now() > int64(5*time.Second) {
							return false
						}
					}
					return true
				})
				if replied == stops || stops != errors.Is(err, ErrAttemptTimeout) {
					t.Errorf("%v, %v", replied, err)
				}
				if took := time.Since(s.begin); stops && took > 12*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestASliceEndsAReplyThatTrickles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := aliveButMute(t)
		_, err := waits(t, s, 2*time.Second, func(waiting context.Context, in *incoming, now func() int64) bool {
			for waiting.Err() == nil {
				time.Sleep(100 * time.Millisecond)
				in.add(10, now())
			}
			return false
		})
		if took := time.Since(s.begin); !errors.Is(err, ErrAttemptTimeout) || took > 2100*time.Millisecond { // with the trickle's end
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestACallWhoseAnswerIsOnItsWayIsNotMoved(t *testing.T) {
	for name, coming := range map[string]bool{"it is": true, "it is not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := aliveButMute(t)
				timer := time.NewTimer(time.Hour)
				defer timer.Stop()
				var in incoming
				w := s.newWaiter(t.Context(), timer, 0, 0)
				moved, done := make(chan struct{}), make(chan struct{}, 1)
				w.answer, w.moved, w.retiring = &in, moved, s.retiring
				if coming {
					in.add(5000, int64(s.cfg.now())+1)
				}
				close(moved)
				time.AfterFunc(time.Second, func() { done <- struct{}{} })
				if replied, err := w.wait(done, nil); replied != coming || coming == errors.Is(err, ErrMoved) {
					t.Errorf("%v, %v", replied, err)
				}
				time.Sleep(time.Second)
			})
		})
	}
}

func TestALimitMayBeLongerThanADurationCanBeAddedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer := time.NewTimer(0)
		defer timer.Stop()
		w := aliveButMute(t).newWaiter(t.Context(), timer, 160*time.Second, math.MaxInt64)
		if w.block+w.pause != Longest+170*time.Second {
			t.Errorf("the limit is %v", w.block+w.pause)
		}
	})
}

// A machine that slept has a monotonic clock that did not go on: the session seems to
// have been heard of a moment ago.
func TestASessionIsAskedAfterItsMachineHasSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := silent(t, newConfig())
		answer := s.alive
		s.mux.Answer.Store(&answer)
		for asleep, asked := range map[time.Duration]int64{999 * time.Millisecond: 0, time.Hour: 1} {
			s.slept.Store(int64(slept() - asleep))
			ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
			before := s.mux.Pings.Load()
			s.Enter()
			_, _ = s.Call(ctx, &Request{Method: "X.Y", Verify: true})
			stop()
			if n := s.mux.Pings.Load() - before; n != asked {
				t.Errorf("after %v asleep %d pings", asleep, n)
			}
			s.alive()
		}
	})
}
