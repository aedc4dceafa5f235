package session

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// frozen waits for a call's answer, as it was sent this long before the process that
// waits was run again: the watch fires that much later than it was set for. The
// answer, if there is one, is read after a while.
func frozen(t *testing.T, s *silentSession, slept, readAfter time.Duration) (replied bool, err error) {
	t.Helper()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	w := s.newWaiter(t.Context(), timer, 0, 0)
	w.begin, w.due = w.begin-slept, w.due-slept
	done := make(chan struct{}, 1)
	if readAfter > 0 {
		time.AfterFunc(readAfter, func() { done <- struct{}{} })
	}
	return w.wait(done, nil)
}

// The reading goroutine has stood still as long as the caller: it runs before the call is
// given up.
func TestAnAnswerIsReadThatCameInWhileTheProcessStoodStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := silent(t, newConfig())
		replied, err := frozen(t, s, 75*time.Second, 1900*time.Millisecond)
		s.after(t, 1900*time.Millisecond, "read") // the watch was due after a second
		if !replied || err != nil {
			t.Errorf("%v, %v", replied, err)
		}
	})
}

func TestACallWithoutAnAnswerEndsSoonAfterItsProcessStoodStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := silent(t, newConfig())
		_, err := frozen(t, s, time.Hour, 0)
		s.after(t, 2*time.Second, "given up")
		if held, ok := errors.AsType[*failure](err); !ok || held.limit != time.Minute {
			t.Errorf("%v", err)
		}
	})
}
