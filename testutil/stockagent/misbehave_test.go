package stockagent

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil"
)

// one starts a cluster of one server, and an agent that has settled there.
func one(t *testing.T, cfg testutil.ServerConfig) (*testutil.Cluster, *testutil.Server, *Agent) {
	t.Helper()
	c := startCluster(t, 1, cfg)
	a := startAgent(t, c, Config{})
	a.settled(t)
	server := c.Server(0)
	return c, server, a
}

// session is the one that the agent has with a server.
func (a *Agent) session(addr string) (one *session) {
	a.do(func(s *state) { one = s.sessions[addr] })
	return one
}

// count has Echo.Count run for an ID, in the background.
func (a *Agent) count(t *testing.T, id string) <-chan error {
	done := make(chan error, 1)
	go func() { done <- a.Call(within(t), "Echo.Count", map[string]any{"ID": id}, nil) }()
	return done
}

func TestAConnectionThatBeginsWithAnotherByteIsEndedByTheServer(t *testing.T) {
	c := startCluster(t, 1, often)
	a := startAgent(t, c, Config{Faults: []Fault{LeadingByte('G')}})
	a.until(t, "to fail", func(s Stats) bool { return s.Failed >= 3 })
	if s, n := a.Stats(), c.Server(0).Counts(); s.Registrations != 0 || n.Streams != 0 || n.Accepted < 3 {
		t.Errorf("%+v; the server saw %+v", s, n)
	}
	a.Heal()
	a.more(t, "heartbeats when it is healed")
	await(t, "the server to end the connections", func() bool { return c.Server(0).Counts().Open == 1 })
}

func TestOfHalfAHeadNothingComesOfIt(t *testing.T) {
	c, server, a := one(t, rarely)
	broken := a.session(server.Addr())
	a.Inject(HalfHead().Times(1))
	done := a.count(t, "lost")
	await(t, "the half to be sent", broken.via.spoiled.Load)
	if n := server.Counts(); n.Open != 1 || n.Methods["Echo.Count"] != 0 {
		t.Errorf("the server saw %+v", n)
	}
	a.Heal()
	if err := <-done; err == nil {
		t.Error("the call succeeded")
	}
	if err := <-a.count(t, "a"); err != nil || c.Executions("a") != 1 || c.Executions("lost") != 0 {
		t.Errorf("%v, executed %v", err, c.ExecutionCounts())
	}
	await(t, "the server to notice the end", func() bool { return server.Counts().Open == 1 })
}

func TestAServerEndsASessionThatAnnouncesAHugeFrame(t *testing.T) {
	_, server, a := one(t, rarely)
	a.Inject(HugeFrame().Times(1))
	if err := <-a.count(t, "a"); err == nil {
		t.Error("the call succeeded")
	}
	a.until(t, "to connect anew", func(s Stats) bool { return s.Reconnects == 1 })
	if n := server.Counts().Methods["Echo.Count"]; n != 0 {
		t.Errorf("%d requests came through", n)
	}
	await(t, "the server to end the session", func() bool { return server.Counts().Open == 1 })
}

// writes counts those that are longer than one byte.
type writes struct {
	net.Conn
	long chan int
}

func (w *writes) Write(b []byte) (int, error) {
	if len(b) > 1 {
		w.long <- len(b)
	}
	return w.Conn.Write(b)
}

func TestSlowBytesArriveOneByOne(t *testing.T) {
	c := startCluster(t, 1, rarely)
	long := make(chan int, 1<<16)
	a := startAgent(t, c, Config{
		Faults: []Fault{SlowBytes(time.Microsecond)},
		Dial: func(ctx context.Context, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
			return &writes{Conn: conn, long: long}, err
		},
	})
	a.settled(t)
	if err := <-a.count(t, "a"); err != nil || c.Executions("a") != 1 || len(long) != 0 {
		t.Errorf("%v, %d executions, %d writes of more than a byte", err, c.Executions("a"), len(long))
	}
	a.Heal()
	if err := <-a.count(t, "b"); err != nil || len(long) == 0 {
		t.Errorf("%v, %d writes of more than a byte", err, len(long))
	}
}

func TestADeafAgentHearsTheAnswerWhenItIsHealed(t *testing.T) {
	c, _, a := one(t, rarely)
	a.Inject(Deaf())
	done := a.count(t, "a")
	await(t, "the call to run", func() bool { return c.Executions("a") == 1 })
	answered := func() bool { return len(done) > 0 }
	if answered() {
		t.Error("it heard the answer")
	}
	a.Heal()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := a.Stats(); s.Reconnects != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAServersCallIsHeldByAnAgentThatAnswersNone(t *testing.T) {
	_, server, a := one(t, rarely)
	a.Inject(MuteReverse())
	done := make(chan error, 2)
	go func() { done <- server.CallNode(within(t), a.NodeID(), "ClientStats.Stats", map[string]any{}, nil) }()
	go func() {
		_, err := server.StreamNode(within(t), a.NodeID(), "Agent.Monitor")
		done <- err
	}()
	a.until(t, "to hold both", func(s Stats) bool { return s.Held == 2 })
	await(t, "the server to wait for both", func() bool { return server.Connections()[0].Reverse.Open == 2 })
	if err := <-a.count(t, "a"); err != nil {
		t.Errorf("its own calls go on: %v", err)
	}
	if len(done) > 0 {
		t.Errorf("one was answered: %v", <-done)
	}
	a.Heal()
	for range 2 {
		if err := <-done; err == nil {
			t.Error("one was answered")
		}
	}
	a.until(t, "to let go", func(s Stats) bool { return s.Held == 0 })
	if err := server.CallNode(within(t), a.NodeID(), "ClientStats.Stats", map[string]any{}, nil); err != nil {
		t.Errorf("when it is healed: %v", err)
	}
}

func TestStreamsOfBothSidesAreReset(t *testing.T) {
	_, server, a := one(t, rarely)
	a.Inject(ResetStreams())
	for range 3 {
		if err := server.CallNode(within(t), a.NodeID(), "ClientStats.Stats", map[string]any{}, nil); !errors.Is(err, yamux.ErrConnectionReset) {
			t.Errorf("the server's call: %v", err)
		}
	}
	if s := a.Stats(); s.Reconnects != 0 || s.ReverseCalls != 0 {
		t.Errorf("%+v", s)
	}
	// The heartbeat's stream is idle. It is served already, so it alone is reset; a new one
	// may be before the server has read its first byte, which ends the session.
	if err := <-a.count(t, "a"); !errors.Is(err, ErrReset) {
		t.Error(err)
	}
	await(t, "the stream to end", func() bool { return server.Connections()[0].Streams.Open == 1 })
	if s := a.Stats(); s.Reconnects != 0 {
		t.Errorf("%+v", s)
	}
	for range 3 {
		if err := <-a.count(t, "a"); err == nil {
			t.Error("a call was answered")
		}
	}
	a.Heal()
	await(t, "calls to be answered", func() bool { return <-a.count(t, "b") == nil }) // the session may be about to end
}

func TestAConnectionThatEndsAmidARequestOrBeforeTheAnswer(t *testing.T) {
	for _, tc := range []struct {
		fault Fault
		runs  int
	}{{EndAmidRequest(), 0}, {EndAmidCall(), 1}} {
		t.Run(tc.fault.String(), func(t *testing.T) {
			c, server, a := one(t, rarely)
			a.Inject(tc.fault.On("Echo.Count").Times(1))
			if err := a.Call(within(t), "Status.Peers", map[string]any{"Region": "global"}, nil); err != nil {
				t.Errorf("another method: %v", err)
			}
			if err := <-a.count(t, "a"); !errors.Is(err, ErrEndedAmid) {
				t.Error(err)
			}
			a.until(t, "to connect anew", func(s Stats) bool { return s.Reconnects == 1 })
			await(t, "the server to notice the end", func() bool { return server.Counts().Open == 1 })
			await(t, "the request to run, or not", func() bool { return c.Executions("a") == tc.runs })
			if err := <-a.count(t, "a"); err != nil || c.Executions("a") != tc.runs+1 {
				t.Errorf("the next one: %v, %d executions", err, c.Executions("a"))
			}
		})
	}
}

func TestAfterGoAwayAnAgentConnectsAnew(t *testing.T) {
	_, server, a := one(t, rarely)
	at := a.session(server.Addr())
	server.GoAway()
	await(t, "no stream to open", func() bool {
		stream, err := at.Take()
		if err == nil {
			stream.Close()
		}
		return errors.Is(err, yamux.ErrRemoteGoAway)
	})
	if err := <-a.count(t, "a"); err != nil || a.Stats().Reconnects != 1 {
		t.Errorf("%v; %+v", err, a.Stats())
	}
}

func TestAnAgentMayIgnoreGoAway(t *testing.T) {
	_, server, a := one(t, rarely)
	at := a.session(server.Addr())
	a.Inject(IgnoreGoAway())
	server.GoAway()
	for refused := 0; refused < 3; {
		stream, err := at.Take()
		if err == nil {
			err = stream.Call("Status.Ping", map[string]any{}, nil)
			stream.Close()
		}
		if errors.Is(err, yamux.ErrRemoteGoAway) {
			t.Fatalf("it heeds: %v", err)
		}
		if err != nil {
			refused++
		}
	}
	if at.IsClosed() {
		t.Error("the session has ended")
	}
}

func TestOpeningStreamsWithoutEnd(t *testing.T) {
	const many = 700 // more than yamux lets wait
	_, server, a := one(t, often)
	a.Inject(EndlessStreams(many))
	a.until(t, "all to be open", func(s Stats) bool { return s.Streams == many })
	await(t, "the server to have them", func() bool { return server.Connections()[0].Streams.Open >= many })
	a.more(t, "heartbeats beside them")
	a.Heal()
	await(t, "the server to be rid of them", func() bool {
		all := server.Connections()
		return len(all) == 1 && all[0].Streams.Open <= 1+2
	})
	if s := a.more(t, "heartbeats when it is healed"); s.Reconnects == 0 {
		t.Errorf("%+v", s)
	}
}

func TestManyConnectionsAreRefusedBeyondTheServersLimit(t *testing.T) {
	const limit, many = 20, 50
	cfg := often
	cfg.MaxConnsPerClient = limit
	_, server, a := one(t, cfg)
	a.Inject(ManyConnections(many))
	a.until(t, "the limit", func(s Stats) bool { return s.Connections == limit-1 && s.Refused == many-(limit-1) })
	a.more(t, "heartbeats beside them")
	a.Heal()
	await(t, "the server to be rid of them", func() bool { return server.Counts().Open == 1 })
	s := a.until(t, "to close them", func(s Stats) bool { return s.Connections == 0 })
	if s.Refused != many-(limit-1) || s.Reconnects != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnAgentThatMisbehavesCanBeStopped(t *testing.T) {
	for _, f := range []Fault{
		LeadingByte(0), HalfHead(), HugeFrame(), SlowBytes(time.Hour), Deaf(), MuteReverse(), ResetStreams(),
		EndAmidRequest(), EndAmidCall(), IgnoreGoAway(), EndlessStreams(1000), ManyConnections(100),
	} {
		t.Run(f.String(), func(t *testing.T) {
			c, server, a := one(t, often)
			a.Inject(f)
			lost := a.count(t, "a")
			asked := make(chan error, 1)
			go func() {
				asked <- server.CallNode(within(t), a.NodeID(), "ClientStats.Stats", map[string]any{}, nil)
			}()
			await(t, "something to come of it", func() bool {
				switch f.kind {
				case faultLeadingByte, faultIgnoreGoAway:
					return true
				case faultManyConnections:
					return a.Stats().Connections > 0
				case faultEndlessStreams:
					return a.Stats().Streams > 0
				case faultHalfHead:
					one := a.session(server.Addr())
					return one != nil && one.via.spoiled.Load()
				case faultMuteReverse:
					return a.Stats().Held > 0
				case faultSlowBytes, faultDeaf:
					return c.Executions("a") > 0 || server.Connections()[0].Reverse.Open > 0
				default:
					return a.Stats().Failed > 0 || len(lost) > 0 || len(asked) > 0
				}
			})
			stop(t, a)
			_, _ = <-lost, <-asked // whatever came of them
			await(t, "the server to notice the end", func() bool { return server.Counts().Open == 0 })
		})
	}
}
