package accept

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

const (
	// silence is for how long nothing may come in from an agent that has an answer to give, before it
	// is pinged, and how long it may take to answer the ping.
	silence = 5 * time.Second
	// keepalive is for how long nothing may come in at all before it is pinged: as Nomad's
	// servers do.
	keepalive = 30 * time.Second
	// callTime is how long an agent may take for a call of its server's, as far as this side is
	// concerned. A plugin of volumes may take minutes.
	callTime = time.Hour
)

// Session is one connection of an agent. Any goroutine may use it.
type Session struct {
	Kind    Kind
	session *session.Session
	conn    *mux.Conn
	calls   *atomic.Uint64
	pinging atomic.Bool
}

// errDone is why a connection of one stream ended: that did.
var errDone = errors.New("the stream of the connection has ended")

// Serve makes a session of a connection that was greeted, and owns it. Run must be called.
func (a *Acceptor) Serve(g *Greeted, relay Relay) (*Session, error) {
	id := a.ids.Add(1)
	s := &Session{Kind: g.Kind, calls: &a.ids}
	cfg := a.sessions
	cfg.Handlers = handlers(relay)
	cfg.Notify = notices{s}
	s.conn = mux.New(g.conn, mux.Config{
		Origin: cfg.Origin, In: &a.counters.BytesIn, Out: &a.counters.BytesOut, Budget: a.budget, Accepts: true,
		Violation: func(reason string, err error) error {
			return &pool.ProtocolError{Layer: "yamux", Reason: reason, Err: err}
		},
	})
	s.session = session.New(context.Background(), &cfg, s.conn, id, g.conn.RemoteAddr().String())
	if g.Kind != Multiplex {
		s.session.Attach(mux.Single(s.conn, []byte{byte(g.Kind)}))
		s.session.Retire(errDone, errDone) // it ends with its stream
		return s, nil
	}
	m, err := mux.Start(s.conn, a.yamux)
	if err != nil {
		s.session.Abort(err)
		return nil, err
	}
	s.session.Attach(m)
	return s, nil
}

// Run serves the session until it has ended, or ctx has, and returns why it has. io.EOF is an
// agent that has left. No goroutine of the session is left then.
func (s *Session) Run(ctx context.Context) error {
	done := make(chan struct{})
	var alive sync.WaitGroup
	if s.Kind == Multiplex {
		alive.Go(func() { s.keepAlive(done) })
	}
	s.session.Listen()
	err := s.session.Run(ctx, func() error { return context.Cause(ctx) })
	close(done)
	alive.Wait()
	if errors.Is(err, errDone) {
		return io.EOF
	}
	return err
}

// Done is closed when the session has ended. What it carried may still be ending.
func (s *Session) Done() <-chan struct{} { return s.session.Done() }

// End ends the session, because of why, with all that is on it.
func (s *Session) End(why error) { s.session.End(why) }

// GoAway tells the agent to open no further stream. It does not block.
func (s *Session) GoAway() {
	if s.Kind == Multiplex {
		s.conn.GoAway()
	}
}

// Requests is how many calls and streaming calls of the agent are being served.
func (s *Session) Requests() int64 { return s.session.Requests() }

// Call makes a call on the agent, and returns the answer, which is the caller's. It blocks until
// that is there, or ctx or the session ends. An answer that is an error is a *Refusal.
func (s *Session) Call(ctx context.Context, method string, args pool.Raw) (pool.Raw, error) {
	if !s.session.Enter() {
		return nil, s.session.Cause()
	}
	var reply pool.Raw
	_, err := s.session.Call(ctx, &session.Request{
		Seq: s.calls.Add(1), Method: method, Args: args, Reply: &reply, Hold: callTime,
	})
	return reply, err
}

// Open opens a streaming call on the agent, and waits until the agent has acknowledged it. A
// refusal is a *Refusal. The connection is the caller's; see Stream.
func (s *Session) Open(ctx context.Context, method string) (net.Conn, error) {
	if !s.session.Enter() {
		return nil, s.session.Cause()
	}
	conn, _, err := s.session.Open(ctx, method)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// keepAlive looks for a sign of life of an agent from which nothing comes in.
func (s *Session) keepAlive(done <-chan struct{}) {
	look := time.NewTicker(keepalive)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if s.conn.Silence() >= keepalive {
				s.ping()
			}
		case <-done:
			return
		}
	}
}

// ping ends the session if its agent does not answer. One ping at a time is under way.
func (s *Session) ping() {
	if !s.pinging.CompareAndSwap(false, true) {
		return
	}
	s.session.Spawn(func() {
		defer s.pinging.Store(false)
		if err := s.session.Ping(context.Background()); errors.Is(err, mux.ErrPingTimeout) {
			s.session.End(pool.ErrSilent)
		}
	})
}

// notices takes the reports of a session.
type notices struct{ session *Session }

// TryTell has a silent agent pinged.
func (n notices) TryTell(m poolcore.Message) bool {
	if _, silent := m.(poolcore.Overdue); silent {
		n.session.ping()
	}
	return true
}

// Tell ends a session whose only stream has ended.
func (n notices) Tell(_ context.Context, m poolcore.Message) {
	if _, drained := m.(poolcore.Drained); drained {
		n.session.session.Shut()
	}
}

// unknownTimes is a session.Usual that knows nothing: agents may take as long as they like.
type unknownTimes struct{}

func (unknownTimes) Late(string, string) time.Duration                     { return session.Longest }
func (unknownTimes) Answered(string, string, time.Duration, time.Duration) {}
func (unknownTimes) Waited(string, string, time.Duration)                  {}
