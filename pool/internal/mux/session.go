package mux

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/hashicorp/yamux"
)

// The errors of streams and sessions. They are yamux's own values.
var (
	ErrReset        = yamux.ErrConnectionReset        // the peer has reset the stream
	ErrStreamClosed = yamux.ErrStreamClosed           // this side has closed it
	ErrWriteTimeout = yamux.ErrConnectionWriteTimeout // a frame was not written within the time of NewYamuxConfig; it may still go out
	ErrPingTimeout  = yamux.ErrTimeout                // a ping was not answered within the same time
)

// HalfClosedLimit is after which yamux gives up a stream that this side has closed and
// the peer has not.
const HalfClosedLimit = 5 * time.Minute

// Session is a yamux session. Tests put another network in its place.
type Session interface {
	Open() (Stream, error)        // blocks while too many opened streams are unacknowledged
	Accept() (Stream, error)      // blocks until the peer opens one
	Ping() (time.Duration, error) // blocks until it is answered, or ErrPingTimeout
	CloseChan() <-chan struct{}   // closed when the session has ended
	IsClosed() bool
	Err() error   // why it has ended: io.EOF where yamux has no reason; nil before
	Close() error // ends every call that blocks; always nil
}

// Stream is one stream of a Session. A deadline that has passed ends a Read or Write that
// blocks.
type Stream interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	SetDeadline(t time.Time) error
	StreamID() uint32
}

// YamuxConfig is the configuration of a Session.
type YamuxConfig = yamux.Config

// NewYamuxConfig is yamux without its own keepalive and timers, which a session of the
// pool has instead. write is how long a frame may take to be written, at least 10 s.
func NewYamuxConfig(write time.Duration) *YamuxConfig {
	c := yamux.DefaultConfig()
	c.AcceptBacklog = opensMost
	c.EnableKeepAlive = false
	c.StreamOpenTimeout = 0
	c.StreamCloseTimeout = HalfClosedLimit
	c.MaxStreamWindowSize = WindowSize
	c.ConnectionWriteTimeout = max(write, 10*time.Second)
	c.LogOutput = io.Discard // Conn reports the same
	return c
}

// Start starts a session over c: as the one that was dialed where Config.Accepts is set, else
// as the one that has dialed.
func Start(c *Conn, cfg *YamuxConfig) (Session, error) {
	start := yamux.Client
	if c.cfg.Accepts {
		start = yamux.Server
	}
	s, err := start(c, cfg)
	if err != nil {
		return nil, err
	}
	return session{s, c, cfg.AcceptBacklog}, nil
}

// ClosesConn reports whether a Session closes its Conn when it has ended, as those of Start and
// Single do: Conn.OnClose tells of its end then. Tests have others.
func ClosesConn(s Session) bool {
	switch s.(type) {
	case session, *single:
		return true
	}
	return false
}

// session is a Session over a Conn.
type session struct {
	*yamux.Session
	conn    *Conn
	backlog int
}

// Open opens a stream.
func (s session) Open() (Stream, error) { return s.stream(s.OpenStream()) }

// Accept waits for a stream that the peer opens.
func (s session) Accept() (Stream, error) { return s.stream(s.AcceptStream()) }

// OnFirst has begin called, once, when the peer has opened a stream; at once if it has. begin
// must not block. It may be set once.
func (s session) OnFirst(begin func()) { s.conn.accepting.onFirst(begin) }

// stream is st as a Stream, nil where it is nil.
func (s session) stream(st *yamux.Stream, err error) (Stream, error) {
	if err != nil {
		return nil, err
	}
	r := s.conn.Routes.Find(st.StreamID())
	if r == nil { // it was reset before it was accepted
		r = &Route{Stream: st.StreamID()}
		r.ended.Store(flagRST)
	}
	return &stream{st, s.conn, r}, nil
}

// stream is a Stream that yamux opens, writes and closes. What comes in is read from its inbox.
type stream struct {
	*yamux.Stream
	conn  *Conn
	route *Route
}

// Framed is a Stream on which frames may be sent past yamux, in place of all its Writes.
type Framed interface {
	Stream
	Route() *Route
	// Room has a token when Route.Window grew, or the peer has reset the stream.
	Room() <-chan struct{}
}

func (s *stream) Route() *Route { return s.route }

func (s *stream) Room() <-chan struct{} { return s.conn.inbox(s.route).room }

func (s *stream) Read(b []byte) (int, error) { return s.conn.inbox(s.route).Read(b) }

func (s *stream) SetReadDeadline(t time.Time) error {
	s.conn.inbox(s.route).setDeadline(t)
	return nil
}

func (s *stream) SetDeadline(t time.Time) error {
	s.conn.inbox(s.route).setDeadline(t)
	return s.SetWriteDeadline(t)
}

// Err is yamux's own reason for its end. A peer may break rules that only yamux checks.
func (s session) Err() error {
	if !s.IsClosed() {
		return nil
	}
	err := s.reason()
	switch {
	case errors.Is(err, yamux.ErrSessionShutdown):
		return io.EOF
	case errors.Is(err, yamux.ErrDuplicateStream), errors.Is(err, yamux.ErrRecvWindowExceeded), errors.Is(err, yamux.ErrUnexpectedFlag):
		return s.conn.cfg.Violation(err.Error(), err)
	}
	return err
}

// reason is why yamux has ended. Only AcceptStream returns it, and picks at random
// between it and a stream that waits to be accepted; none of these can be any more.
func (s session) reason() error {
	for range s.backlog + 1 {
		if _, err := s.AcceptStream(); err != nil && !errors.Is(err, yamux.ErrSessionShutdown) {
			return err
		}
	}
	return yamux.ErrSessionShutdown
}

// Ended is why nothing is carried by s over c any more. The transport's failure comes
// first, because it is the cause of the session's.
func (c *Conn) Ended(s Session) error {
	if c.fault.Load() != nil || !s.IsClosed() {
		return c.Cause()
	}
	return s.Err()
}

// TimedOut reports whether err is that of a deadline that has passed.
func TimedOut(err error) bool {
	e, ok := err.(net.Error) //nolint:errorlint // yamux and the net package return it bare
	return ok && e.Timeout()
}
