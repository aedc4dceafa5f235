package stockagent

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// dialTimeout is that of Nomad's clients.
const dialTimeout = 10 * time.Second

// session is a yamux session with a server, used by calls of both sides. Its own state is
// what its transport knows; a session that is dead is noticed when a call fails on it.
type session struct {
	*plainclient.Session
	server string
	via    *transport

	busy int       // calls and streams on it; the owner's
	used time.Time // when the last one ended; the owner's
}

// connect makes a connection, with TLS if that is configured. The error is *DialError.
func (a *Agent) connect(ctx context.Context, server string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	defer context.AfterFunc(a.ctx, cancel)()
	conn, err := a.cfg.Dial(ctx, server)
	if err == nil {
		conn, err = plainclient.Secure(ctx, conn, a.cfg.TLS)
	}
	if err != nil {
		return nil, &DialError{Server: server, Err: err}
	}
	return conn, nil
}

// acquire returns the session with a server, dead or not, or a new one; it is in use until
// release.
func (a *Agent) acquire(ctx context.Context, server string) (one *session, err error) {
	take := func(s *state) {
		if one = s.sessions[server]; one != nil {
			one.busy++
		}
	}
	if !a.do(take) {
		return nil, ErrStopped
	}
	if one != nil {
		return one, nil
	}
	made, err := a.dial(ctx, server)
	if err != nil {
		return nil, err
	}
	alive := a.do(func(s *state) {
		if take(s); one != nil {
			s.end(made) // another call dialed faster
			return
		}
		one = made
		one.busy++
		if s.stats.Connects++; s.known(server) {
			s.stats.Reconnects++
		}
		s.sessions[server], s.open[one] = one, struct{}{}
		s.self.Go(func(ctx context.Context) { a.listen(ctx, one) })
	})
	if !alive {
		_ = made.Close() // nothing has used it
		return nil, ErrStopped
	}
	return one, nil
}

// known reports whether there was a session with the server before, and notes that there
// is one now.
func (s *state) known(server string) bool {
	before := s.met[server]
	s.met[server] = true
	return before
}

// release notes that a call on a session has ended.
func (a *Agent) release(one *session) {
	a.do(func(*state) {
		one.busy--
		one.used = time.Now()
	})
}

// forget ends a session, so that the next call dials.
func (a *Agent) forget(one *session) { a.do(func(s *state) { s.drop(one) }) }

// dial makes a session. The error is *DialError.
func (a *Agent) dial(ctx context.Context, server string) (*session, error) {
	conn, err := a.connect(ctx, server)
	if err != nil {
		return nil, err
	}
	mode, spoiled := byte(plainclient.ModeYamux), false
	if f := a.faults.Load().find(faultLeadingByte, ""); f != nil {
		mode, spoiled = f.mode, true
	}
	if _, err := conn.Write([]byte{mode}); err != nil {
		return nil, &DialError{Server: server, Err: errors.Join(err, conn.Close())}
	}
	via := newTransport(conn, &a.faults)
	via.spoiled.Store(spoiled)
	made, err := plainclient.Start(via, plainclient.Config{Handle: handle})
	if err != nil {
		return nil, &DialError{Server: server, Err: err}
	}
	return &session{Session: made, server: server, via: via, used: time.Now()}, nil
}

// stream takes an idle stream of the session with a server or opens one, on another
// session if that is dead. The session is in use until release.
func (a *Agent) stream(ctx context.Context, server string) (one *session, stream *plainclient.Stream, err error) {
	for range 2 {
		if one, err = a.acquire(ctx, server); err != nil {
			return nil, nil, err
		}
		if stream, err = one.Take(); err == nil {
			return one, stream, nil
		}
		a.forget(one)
		a.release(one)
	}
	return nil, nil, err
}
