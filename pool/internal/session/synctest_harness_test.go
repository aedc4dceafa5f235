package session

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// silentSession is a session whose server is silent.
type silentSession struct {
	*Session
	mux   *sessiontest.Silent
	begin time.Time
}

func silent(t *testing.T, cfg *Config) *silentSession {
	t.Helper()
	near, far := net.Pipe()
	s := New(context.Background(), cfg, connOn(near, cfg), 1, "a:1")
	m := sessiontest.NewSilent()
	m.Ack = func(stream uint32) { s.conn.Acknowledged(s.conn.Routes.Add(stream)) }
	s.Attach(m)
	var running sync.WaitGroup
	running.Go(func() { _, _ = io.Copy(io.Discard, far) })
	running.Go(func() { _ = s.Run(context.Background(), nil) })
	t.Cleanup(func() {
		s.End(errors.New("the test is over"))
		_ = near.Close()
		running.Wait()
	})
	return &silentSession{s, m, time.Now()}
}

// alive lets a byte come in.
func (s *silentSession) alive() { s.conn.Signs.Read.Store(int64(s.cfg.now())) }

// after checks that exactly d has passed since the session was made.
func (s *silentSession) after(t *testing.T, d time.Duration, what string) {
	t.Helper()
	if got := time.Since(s.begin); got != d {
		t.Errorf("%s after %v, want %v", what, got, d)
	}
}

// aliveButMute is a session whose server gives signs of life and answers no call, which
// may be blocked for 10 s.
func aliveButMute(t *testing.T) *silentSession {
	t.Helper()
	cfg := newConfig()
	cfg.HoldTimeout = 10 * time.Second
	s := silent(t, cfg)
	ctx, stop := context.WithCancel(t.Context())
	var ticking sync.WaitGroup
	ticking.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(500 * time.Millisecond)
			s.alive()
		}
	})
	t.Cleanup(func() { stop(); ticking.Wait() })
	return s
}
