package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// once is a call that must not be sent in vain.
func (sp *silentPool) once(ctx context.Context) *CallError {
	err := sp.Do(ctx, "a:1", &Request{Method: "X.Y", Args: struct{}{}, Verify: true})
	call, _ := errors.AsType[*CallError](err)
	return call
}

// idled is a session on which nothing came in for a while, and whose server gives no
// sign of life but to pings, or none at all.
func idled(t *testing.T, dead bool, idle time.Duration) (*silentPool, *sessiontest.Silent) {
	t.Helper()
	sp := newSilentPool(t, Config{})
	if !dead {
		answer := func() {
			time.Sleep(30 * time.Millisecond) // there and back
			sp.alive()
		}
		sp.mux.Answer.Store(&answer)
	}
	s, err := sp.find(t.Context(), "a:1", 0, false)
	noError(t, err)
	s.Leave()
	time.Sleep(idle)
	return sp, sp.mux
}

func TestACallThatMustNotBeSentInVainIsNotSentOnADeadSession(t *testing.T) {
	for _, idle := range []time.Duration{time.Second, 1500 * time.Millisecond, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			sp, _ := idled(t, true, idle)
			out := sp.Stats().BytesOut
			call := sp.once(t.Context())
			sp.after(t, idle+sure, "left")
			if call == nil || call.Outcome != NotSent || sp.Stats().BytesOut != out {
				t.Errorf("%v; %d bytes were sent", call, sp.Stats().BytesOut-out)
			}
		})
	}
}

func TestItIsSentOnceTheServerHasAnsweredAPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp, mux := idled(t, false, time.Minute)
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				ctx, stop := context.WithTimeout(t.Context(), time.Second)
				defer stop()
				if call := sp.once(ctx); call == nil || call.Phase != PhaseFlushed || call.Outcome != MaybeExecuted {
					t.Errorf("%v", call)
				}
			})
		}
		callers.Wait()
		if n := mux.Pings.Load(); n != 1 {
			t.Errorf("%d pings for calls that came together", n)
		}
	})
}

func TestASessionThatWasHeardOfJustNowIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp, mux := idled(t, false, 900*time.Millisecond)
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		if call := sp.once(ctx); call == nil || call.Phase != PhaseFlushed || mux.Pings.Load() != 0 {
			t.Errorf("%v, %d pings", call, mux.Pings.Load())
		}
	})
}

// A caller in a hurry leaves before anything is known; the session is looked at all the
// same, so that the next call finds another one.
func TestACallerInAHurryThatAsksFirstCountsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp, _ := idled(t, true, time.Minute)
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		if call := sp.once(ctx); call == nil || call.Outcome != NotSent || !errors.Is(call, context.DeadlineExceeded) {
			t.Errorf("%v", call)
		}
		<-sp.mux.CloseChan()
		sp.after(t, time.Minute+sure, "left")
	})
}
