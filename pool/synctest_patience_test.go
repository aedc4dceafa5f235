package pool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
)

func TestABlockingQueryIsOverdueOnlyPastItsOwnTime(t *testing.T) {
	for name, c := range map[string]struct{ block, held time.Duration }{
		"its own time": {160 * time.Second, 170 * time.Second},
		"none: as long as a server holds it": {
			BlockTime(map[string]any{"MinQueryIndex": 1, "MaxQueryTime": 0}), 300 * 17 * time.Second / 16,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := newSilentPool(t, Config{})
				err := sp.Do(t.Context(), "a:1", &Request{Method: "X.Y", Args: struct{}{}, Block: c.block})
				sp.after(t, c.held+sure, "left")
				if !errors.Is(err, ErrSilent) {
					t.Error(err)
				}
			})
		})
	}
}

func TestACallerInAHurryCountsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{})
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		if err := sp.Call(ctx, "a:1", "X.Y", struct{}{}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		sp.after(t, 300*time.Millisecond, "given up")
		<-sp.mux.CloseChan()
		sp.after(t, sure, "left")
	})
}

// aliveButMute has a server that gives signs of life and answers no call, which may
// be blocked for 10 s.
func aliveButMute(t *testing.T) *silentPool {
	sp := newSilentPool(t, Config{HoldTimeout: 10 * time.Second})
	ctx, stop := context.WithCancel(t.Context())
	ended := sp.aliveEvery(ctx, 500*time.Millisecond)
	t.Cleanup(func() { stop(); ended() })
	return sp
}

func TestAnAcknowledgementHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := aliveButMute(t)
		_, err := sp.Stream(t.Context(), "a:1", "X.Y")
		sp.after(t, 10*time.Second, "given up")
		call, ok := errors.AsType[*CallError](err)
		if !ok || call.Phase != PhaseFlushed || call.Outcome != NotSent {
			t.Errorf("%v", err)
		}
		if held, ok := errors.AsType[*HoldError](err); !ok || held.Limit != 10*time.Second {
			t.Errorf("%v", err)
		}
	})
}

func TestTheKeepaliveFindsADeadServerBehindABlockingQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{})
		noError(t, Control(sp.Pool).Keepalive(t.Context(), 30*time.Second))
		err := sp.Do(t.Context(), "a:1", &Request{Method: "X.Y", Args: struct{}{}, Block: 5 * time.Minute})
		sp.after(t, 32*time.Second, "left")
		if !errors.Is(err, ErrSilent) {
			t.Error(err)
		}
	})
}

func TestASessionWithoutCallsSendsNothingForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{}, poolhooks.Hooks{Suspect: func(string) { t.Error("suspected") }})
		noError(t, errors.Join(Control(sp.Pool).Keepalive(t.Context(), 30*time.Second), control{sp.Pool}.Retain(t.Context(), "a:1")))
		s, err := sp.find(t.Context(), "a:1", 0, false)
		noError(t, err)
		s.Leave()
		time.Sleep(time.Hour)
		if st := sp.Stats(); st.Pings != 0 || st.BytesOut != 0 || st.Sessions != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestABlockingQuerySendsNothingBeforeTheKeepalive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{})
		ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
		defer stop()
		err := sp.Do(ctx, "a:1", &Request{Method: "X.Y", Args: struct{}{}, Block: 5 * time.Minute})
		if !errors.Is(err, context.DeadlineExceeded) || sp.Stats().Pings != 0 {
			t.Errorf("%v, %+v", err, sp.Stats())
		}
	})
}
