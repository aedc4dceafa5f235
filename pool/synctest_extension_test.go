package pool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// movesOn is a Late that has the call made elsewhere a second after it was asked.
type movesOn struct{ asked time.Time }

func (m *movesOn) Late() <-chan struct{} {
	m.asked = time.Now()
	elsewhere := make(chan struct{})
	time.AfterFunc(time.Second, func() { close(elsewhere) })
	return elsewhere
}

// Many uploads at once keep the session from being suspected for long. A call whose own
// request should have arrived has had its share all the same.
func TestTheUploadsOfOthersDoNotKeepACallBeyondItsShare(t *testing.T) {
	for name, c := range map[string]struct {
		late  *movesOn
		want  error
		ended time.Duration // 64 KiB of a request: 4 s and, at the next look, the pause
	}{
		"it ends":              {nil, ErrAttemptTimeout, 4 * time.Second},
		"it is made elsewhere": {&movesOn{}, ErrMoved, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := newSilentPool(t, Config{})
				others, stop := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					_ = sp.Call(others, "a:1", "X.Y", make([]byte, 8<<20), nil) // 256 KiB of it go out: 16 s
				}()
				synctest.Wait()
				r := Request{Method: "X.Y", Args: make([]byte, 64<<10), Repeatable: true, Limit: 2 * time.Second}
				if c.late != nil {
					r.Late = c.late
				}
				err := sp.Do(t.Context(), "a:1", &r)
				if took := time.Since(sp.begin).Truncate(100 * time.Millisecond); !errors.Is(err, c.want) || took != c.ended {
					t.Errorf("%v after %v, want %v after %v", err, took, c.want, c.ended)
				}
				if c.late != nil && c.late.asked.Sub(sp.begin).Truncate(100*time.Millisecond) != c.ended-time.Second {
					t.Errorf("asked after %v", c.late.asked.Sub(sp.begin))
				}
				stop()
				<-ended
			})
		})
	}
}
