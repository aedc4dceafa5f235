package session

import (
	"context"
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Greet starts yamux and waits until the server has answered a ping. It blocks within ctx,
// which must have a deadline. After an error Abort must be called.
func (s *Session) Greet(ctx context.Context, cfg *mux.YamuxConfig) error {
	deadline, _ := ctx.Deadline()
	if err := s.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := s.conn.Write([]byte{wire.ModeMultiplexV2}); err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	m, err := mux.Start(s.conn, cfg)
	if err != nil {
		return err
	}
	s.Attach(m)
	answered := make(chan error, 1)
	s.group.run(func() { answered <- firstPing(m) })
	select {
	case err := <-answered:
		if err != nil && m.IsClosed() {
			return s.conn.Ended(m) // the reason, where yamux only reports that it has ended
		}
		return err
	case <-m.CloseChan():
		return s.conn.Ended(m)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// firstPing waits for the answer to a ping for as long as the session lives: yamux gives
// up sooner than a late dial.
func firstPing(m mux.Session) error {
	for {
		if _, err := m.Ping(); !errors.Is(err, mux.ErrPingTimeout) {
			return err
		}
	}
}

// Attach has the session use m. Greet does that. A session that the peer has opened is
// attached in place of that, and tests put another network there.
func (s *Session) Attach(m mux.Session) { s.yamux = m }

// Listen accepts the server's streams from now on. It must be called before the session
// is published: a server learns of the session with its first call, and may open streams
// at once. The goroutine that does begins with the first one, where the network tells of it.
func (s *Session) Listen() {
	begin := func() { s.group.run(s.accept) }
	if tells, ok := s.yamux.(interface{ OnFirst(begin func()) }); ok {
		tells.OnFirst(begin)
		return
	}
	begin()
}

// Abort ends a session that was not published, and waits for its goroutines.
func (s *Session) Abort(why error) {
	s.cancel(why)
	if s.yamux != nil {
		_ = s.yamux.Close()
	}
	_ = s.conn.Close()
	s.group.leave()
	<-s.group.ended
	s.conn.Forget()
	s.idle.drop()
}
