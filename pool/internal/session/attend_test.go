package session

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// heard is the reports of a session, in order.
type heard struct {
	pool
	reports chan poolcore.Message
}

func (n heard) Tell(_ context.Context, m poolcore.Message) { n.reports <- m }

// attending is a session over yamux, of which nothing has happened yet, and which is not attended.
type attending struct {
	*Session
	heard heard
	far   net.Conn // takes what is sent
	ctx   context.Context
	stop  context.CancelFunc // ends ctx
	over  chan struct{}
}

func newAttending(t *testing.T) *attending {
	t.Helper()
	near, far := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	cfg := newConfig()
	a := &attending{far: far, heard: heard{reports: make(chan poolcore.Message, 8)}, over: make(chan struct{})}
	cfg.Notify = a.heard
	a.ctx, a.stop = context.WithCancel(context.Background())
	a.Session = New(context.Background(), cfg, connOn(near, cfg), 1, "a:1")
	m, err := mux.Start(a.conn, mux.NewYamuxConfig(time.Minute))
	noError(t, err)
	a.Attach(m)
	a.Listen()
	return a
}

func (a *attending) attendNow(t *testing.T) {
	stopped := func() error { return errors.New("stopped") }
	a.Attend(a.ctx, stopped, func(attend func() bool) {
		if closed(a.over) {
			t.Error("one begins to act on a session that is over")
		}
		go func() {
			if !attend() {
				close(a.over)
			}
		}()
	})
}

// reported is the next report.
func (a *attending) reported(t *testing.T) poolcore.Message {
	t.Helper()
	select {
	case m := <-a.heard.reports:
		return m
	case <-time.After(patience):
		t.Fatal("what has happened is not reported")
		return nil
	}
}

// What happens to a session before it is attended, meanwhile and amid what is done about it is acted
// on, and its end once, as the last of it.
func TestASessionEndsOnceWhateverHappensToItMeanwhile(t *testing.T) {
	for round := range 300 {
		a := newAttending(t)
		if !a.Enter() {
			t.Fatal("it takes no call")
		}
		goAway := []byte{0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		happening := []func(){
			func() { a.attendNow(t) },
			func() { _, _ = a.far.Write(goAway); _, _ = a.far.Write(goAway) },
			func() { a.Retire(errIdle, errIdle); a.Leave() },
		}
		ends := []func(){
			func() { a.End(io.ErrUnexpectedEOF) },
			func() { a.stop() },
			func() { _ = a.far.Close() },
			func() { _ = a.yamux.Close() },
			func() { _ = a.Session.conn.Close() },
		}
		rand.Shuffle(len(ends), func(i, j int) { ends[i], ends[j] = ends[j], ends[i] })
		some := round % (len(ends) + 1)
		happening = append(happening, ends[:some]...)
		var wg sync.WaitGroup
		for _, i := range rand.Perm(len(happening)) {
			pause := rand.IntN(20)
			wg.Go(func() {
				for range pause {
					runtime.Gosched()
				}
				happening[i]()
			})
		}
		wg.Wait()
		var reports []poolcore.Message
		if some == 0 { // it lives, and has reported all that happened
			for range 2 {
				reports = append(reports, a.reported(t))
			}
			a.End(io.ErrUnexpectedEOF)
		}
		select {
		case <-a.over:
		case <-time.After(patience):
			t.Fatalf("round %d: it does not end; events %b", round, a.events.Load())
		}
		for len(a.heard.reports) > 0 {
			reports = append(reports, a.reported(t))
		}
		ended := slices.IndexFunc(reports, func(m poolcore.Message) bool { _, is := m.(poolcore.Disconnected); return is })
		if len(reports) == 0 || ended != len(reports)-1 {
			t.Fatalf("round %d: reported %v", round, reports)
		}
		a.stop()
		_ = a.far.Close()
	}
}
