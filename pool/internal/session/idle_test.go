package session

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// told is the messages to the pool's owner; it takes none while it is full.
type told struct {
	pool
	all  []poolcore.Message
	full bool
}

func (n *told) TryTell(m poolcore.Message) bool {
	if n.full {
		return false
	}
	n.all = append(n.all, m)
	return true
}

// idleRig is a session whose idle call streams have no stream.
type idleRig struct {
	*Session
	told
}

func newIdleRig(t *testing.T, most int) *idleRig {
	t.Helper()
	r := new(idleRig)
	cfg := newConfig()
	cfg.Notify, cfg.MaxIdleStreams = &r.told, most
	r.Session = &Session{base: base{ID: 7, cfg: cfg}, idle: newIdleStreams(most)}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	t.Cleanup(func() { r.cancel(nil) })
	return r
}

// atOnce makes so many calls at the same time.
func (r *idleRig) atOnce(calls int) {
	var all []*callStream
	for range calls {
		all = append(all, r.idle.take(&r.base))
	}
	for _, l := range all {
		l.put()
	}
}

func TestIdleStreamsFollowTheNeedOfTheLastRounds(t *testing.T) {
	r := newIdleRig(t, 256)
	r.atOnce(200)
	var left []int
	for range 2 * trimRounds {
		r.Trim()
		left = append(left, r.IdleStreams())
	}
	// The first round saw the burst; those that follow close a quarter each.
	want := []int{200, 200, 200, 200, 200, 200, 200, 200, 151, 115, 88, 67, 52, 40, 31, 23}
	if !slices.Equal(left, want) {
		t.Fatalf("left %v, want %v", left, want)
	}
	for range 3 {
		r.Trim()
	}
	if n := r.IdleStreams(); n != restStreams || r.idle.surplus.Load() {
		t.Fatalf("%d are left at rest; surplus: %v", n, r.idle.surplus.Load())
	}
	for range 20 {
		r.Trim()
	}
	if n := r.IdleStreams(); n != restStreams {
		t.Fatalf("%d are left at rest", n)
	}
}

func TestIdleStreamsThatAreNeededNowAndThenStay(t *testing.T) {
	r := newIdleRig(t, 256)
	r.atOnce(200)
	for round := range 20 * trimRounds {
		need := 10
		if round%(trimRounds-1) == 0 {
			need = 50
		}
		r.atOnce(need)
		r.Trim()
		if n := r.IdleStreams(); n < 50 {
			t.Fatalf("%d are left in round %d", n, round)
		}
	}
	if n := r.IdleStreams(); n != 50 {
		t.Fatalf("%d are left where 50 are needed", n)
	}
}

// A caller that waits for a stream takes one of either channel, and each that is put wakes one.
func TestACallerThatWaitsTakesAnIdleStreamWhereverItIs(t *testing.T) {
	const callers = 3 * restStreams
	r := newIdleRig(t, callers)
	r.conn = connOn(&muxtest.Conn{}, r.cfg)
	for range mux.OpensFirst {
		<-r.conn.Opens.Tokens()
	}
	wait := func() (*callStream, error) {
		timer := time.NewTimer(time.Hour)
		defer timer.Stop()
		w := r.newWaiter(t.Context(), timer, 0, 0)
		return w.openToken(r.idle)
	}
	for range callers {
		l := r.idle.take(&r.base)
		r.idle.beyond() <- l // as where the others were taken while it was put
		if got, err := wait(); err != nil || got != l {
			t.Fatal(got, err)
		}
	}
	for range 50 {
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				if l, err := wait(); err != nil || l == nil {
					t.Error(l, err)
				}
			})
			all.Go(func() { newCallStream(&r.base, r.idle).put() })
		}
		all.Wait()
		if n := r.IdleStreams(); n != 0 {
			t.Fatalf("%d are left", n)
		}
	}
}

// The next caller sets the timer of its waiter at once: the last one must have stopped it before.
func TestTheTimerOfAnIdleCallStreamIsStopped(t *testing.T) {
	r := newIdleRig(t, 1)
	kept, one := r.idle.take(&r.base), r.idle.take(&r.base)
	for _, l := range []*callStream{kept, one} {
		l.timer.Reset(time.Hour)
		l.put()
	}
	if n := r.IdleStreams(); n != 1 || kept.timer.Stop() || one.timer.Stop() {
		t.Fatalf("%d are kept; or a timer runs", n)
	}
}

// The pool's owner is told once of a surplus, until it was trimmed away.
func TestASurplusIsReportedOnceAndAgainWhenItComesBack(t *testing.T) {
	r := newIdleRig(t, 256)
	r.atOnce(restStreams)
	if len(r.all) != 0 {
		t.Fatalf("told %v", r.all)
	}
	r.full = true
	r.atOnce(restStreams + 2)
	r.full = false
	for range 10 {
		r.atOnce(restStreams + 1)
	}
	if want := []poolcore.Message{poolcore.Surplus{Session: 7}}; !slices.Equal(r.all, want) {
		t.Fatalf("told %v, want %v", r.all, want)
	}
	for range 3 * trimRounds {
		r.Trim()
	}
	r.atOnce(restStreams)
	if len(r.all) != 1 || r.idle.surplus.Load() {
		t.Fatalf("told %v at rest", r.all)
	}
	r.atOnce(100)
	if len(r.all) != 2 {
		t.Fatalf("told %v after another burst", r.all)
	}
}

func TestOfAVastNumberOfIdleStreamsSomeAreClosedAtATime(t *testing.T) {
	const most = 5000
	r := newIdleRig(t, most)
	r.atOnce(most)
	for before := most; before > restStreams; {
		r.Trim()
		if n := before - r.IdleStreams(); n > trimMost {
			t.Fatalf("%d were closed at once", n)
		}
		before = r.IdleStreams()
	}
}

func TestARetiredSessionNeedsNoIdleStreamsOfLate(t *testing.T) {
	r := newIdleRig(t, 256)
	r.retiring = make(chan struct{})
	r.atOnce(30)
	r.Retire(errIdle, errIdle)
	for range 8 {
		r.Trim()
	}
	if n := r.IdleStreams(); n != restStreams {
		t.Fatalf("%d are left", n)
	}
}

// Streams are trimmed while calls take them. None of the calls fails, and the server has as many
// streams as are left.
func TestATrimAndCallsDoNotMeetOnAStream(t *testing.T) {
	_, s := started(t)
	var calls sync.WaitGroup
	over, stop := context.WithCancel(t.Context())
	for range 40 {
		calls.Go(func() {
			for over.Err() == nil {
				if at, err := call(t.Context(), s, PingMethod, nil, nil); err != nil {
					t.Error(at, err)
					return
				}
			}
		})
	}
	for range 300 {
		s.Trim()
		if at, err := call(t.Context(), s, PingMethod, nil, nil); err != nil {
			t.Fatal(at, err)
		}
	}
	stop()
	calls.Wait()
	for range 4 * trimRounds {
		s.Trim()
	}
	if n := s.IdleStreams(); n != restStreams {
		t.Fatalf("%d are left", n)
	}
	awaitTrue(t, "the end of the others", func() bool { return len(routesOf(s)) == restStreams })
	if at, err := call(t.Context(), s, PingMethod, nil, nil); err != nil {
		t.Fatal(at, err)
	}
}

// The end of a stream follows its acknowledgement, also where it was put back without one.
func TestATrimmedStreamThatIsNotAcknowledgedWaitsForThat(t *testing.T) {
	c := &muxtest.Conn{}
	s, l := inline(t, c)
	s.idle = newIdleStreams(1)
	l.idle = s.idle
	if l.reset(); s.idle.discard(0) != 0 {
		t.Fatal("one was closed")
	}
	l.put()
	<-s.conn.Opens.Tokens()
	s.conn.Opens.Took(0)
	if n := s.idle.discard(2); n != 1 || len(c.Writes) != 0 {
		t.Fatalf("%d closed, sent % x", n, c.Writes)
	}
	s.conn.Acknowledged(l.route)
	if want := muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0); len(c.Writes) != 1 || !slices.Equal(c.Writes[0], want) {
		t.Fatalf("sent % x", c.Writes)
	}
}
