package testutil

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

const moment = 50 * time.Millisecond

func TestAMutedServerExecutesNothingAndStillAnswersSessionPings(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	s.Inject(Mute().Times(1))
	if err := c.open(modeRPC).callWithin(moment, "Echo.Count", dict{"ID": "a"}, nil); !isTimeout(err) {
		t.Errorf("the call: %v", err)
	}
	if _, err := c.Session.Ping(); err != nil {
		t.Errorf("the session ping: %v", err)
	}
	await(t, func() bool { return s.faults.Load().active[0].left.Load() == 0 }) // or healing would come in time for it
	s.Heal()
	if err := c.open(modeRPC).call("Echo.Count", dict{"ID": "b"}, nil); err != nil {
		t.Errorf("after healing: %v", err)
	}
	if got := s.ExecutionCounts(); got["a"] != 0 || got["b"] != 1 {
		t.Errorf("executions: %v", got)
	}
}

func TestFaultsThatEndTheConnectionDifferInExecutionAndOutcome(t *testing.T) {
	for _, tc := range []struct {
		fault    Fault
		executed int
		half     bool
		end      func(error) bool
	}{
		{DropAfterRead(), 0, false, func(err error) bool { return err == io.EOF }},
		{ExecuteThenReset(), 1, false, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{CloseMidReply(), 1, true, func(err error) bool { return err == io.EOF }},
	} {
		t.Run(tc.fault.String(), func(t *testing.T) {
			s := start(t, ServerConfig{})
			sock, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer sock.Close()
			s.Inject(tc.fault.On("Echo.Count"))
			out, err := encode([]byte{modeRPC}, requestHeader{Seq: 1, ServiceMethod: "Echo.Count"})
			if err != nil {
				t.Fatal(err)
			}
			if out, err = encode(out, dict{"ID": "a"}); err != nil {
				t.Fatal(err)
			}
			if _, err := sock.Write(out); err != nil {
				t.Fatal(err)
			}
			_ = sock.SetDeadline(time.Now().Add(patience))
			got := make([]byte, 1000)
			n, err := io.ReadFull(sock, got)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			if !tc.end(err) || (n > 0) != tc.half {
				t.Errorf("read %d bytes, then %v", n, err)
			}
			if got := s.Executions("a"); got != tc.executed {
				t.Errorf("executed %d times", got)
			}
		})
	}
}

func TestGarbageBreaksTheReplyAtItsLayerAndTheRequestRan(t *testing.T) {
	for layer, want := range map[Layer]string{
		LayerTransport:  "", // the client's yamux gives up, in one way or another
		LayerHeader:     "0xc1",
		LayerBody:       "0xc1",
		LayerSeq:        "wrong Seq",
		LayerShape:      "decode",
		LayerHugeString: "deadline",
		LayerNesting:    "nested deeper",
	} {
		s := start(t, ServerConfig{})
		stream := dial(t, s.Addr()).open(modeRPC)
		if err := stream.call("Status.Ping", dict{}, nil); err != nil {
			t.Fatal(err)
		}
		s.Inject(Garbage(layer).Times(1))
		call := stream.call
		if layer == LayerHugeString {
			call = stream.callAndStall
		}
		err := call("Echo.Count", dict{"ID": "a"}, &EchoCount{})
		if err == nil || !strings.Contains(err.Error(), want) || layer == LayerTransport && isTimeout(err) {
			t.Errorf("layer %d: %v, want %q", layer, err, want)
		}
		if n := s.Executions("a"); n != 1 {
			t.Errorf("layer %d: executed %d times", layer, n)
		}
	}
}

// callAndStall waits only a moment for the end of a body that has begun.
func (s *rpcStream) callAndStall(method string, args, _ any) error {
	_ = s.SetDeadline(time.Now().Add(patience))
	if err := s.Send(method, args); err != nil {
		return err
	}
	if _, err := readValue(s.Reader); err != nil {
		return err
	}
	if _, err := s.Reader.Peek(1); err != nil {
		return errors.Join(errors.New("no body"), err)
	}
	_ = s.SetReadDeadline(time.Now().Add(moment))
	_, err := readValue(s.Reader)
	return err
}

func TestTransportGarbageGreetsANewConnection(t *testing.T) {
	s := start(t, ServerConfig{})
	s.Inject(Garbage(LayerTransport))
	c := dial(t, s.Addr())
	select {
	case <-c.Session.CloseChan():
	case <-time.After(patience):
		t.Error("the client's yamux is content")
	}
}

func TestAHalfClosingServerAnswersAndEndsTheStream(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	s.Inject(HalfClose())
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("the answer: %v", err)
	}
	if err := stream.ended(); err != nil {
		t.Error(err)
	}
}

func TestFaultsHitOnlyTheirMethodAndOnlySoOften(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	s.Inject(AppError("Echo.Echo", "no").Times(2))
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("another method: %v", err)
	}
	for i := range 4 {
		err := stream.call("Echo.Echo", dict{}, nil)
		if (i < 2) != (err == remoteError("no")) || (i >= 2 && err != nil) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestASlowServerAnswersLate(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	s.Inject(Slow(moment))
	before := time.Now()
	if err := stream.call("Status.Ping", dict{}, nil); err != nil || time.Since(before) < moment {
		t.Errorf("after %v: %v", time.Since(before), err)
	}
}

func TestALeaderlessServerHoldsCallsAndHealingLetsThemGo(t *testing.T) {
	s := start(t, ServerConfig{RPCHoldTimeout: moment})
	stream := dial(t, s.Addr()).open(modeRPC)
	s.Inject(NoLeader())
	before := time.Now()
	if err := stream.call("Status.Leader", dict{}, nil); err != remoteError(ErrTextNoLeader) || time.Since(before) < moment {
		t.Errorf("after %v: %v", time.Since(before), err)
	}
	var leader string
	if err := stream.call("Status.Leader", dict{"AllowStale": true}, &leader); err != nil || leader != "" {
		t.Errorf("stale: %q, %v", leader, err)
	}
	patient := start(t, ServerConfig{RPCHoldTimeout: time.Hour})
	waiting := dial(t, patient.Addr()).open(modeRPC)
	patient.Inject(NoLeader())
	if err := waiting.Send("Status.Leader", dict{}); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return patient.Counts().Requests == 1 })
	patient.Heal()
	_ = waiting.SetDeadline(time.Now().Add(patience))
	if err := waiting.Receive(&leader); err != nil || leader != patient.Addr() {
		t.Errorf("after healing: %q, %v", leader, err)
	}
}

func TestAfterGoAwayOpenStreamsGoOnAndNewOnesDoNotOpen(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	stream := c.open(modeRPC)
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	s.GoAway()
	await(t, func() bool {
		other, err := c.Session.OpenStream()
		if other != nil {
			_ = other.Close() // or the server would wait for its first byte, and accept none behind it
		}
		return other == nil && err != nil
	})
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("the open stream: %v", err)
	}
}

func TestAServerThatHoldsStreamsServesThoseItHasAndAnswersPings(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	served := c.open(modeRPC)
	if err := served.call("Echo.Count", dict{"ID": "a"}, nil); err != nil {
		t.Fatal(err)
	}
	s.Inject(HoldStreams())
	waiting := c.open(modeRPC)
	if err := waiting.callWithin(moment, "Echo.Count", dict{"ID": "b"}, nil); !isTimeout(err) {
		t.Errorf("on a held stream: %v", err)
	}
	if _, err := c.Session.Ping(); err != nil {
		t.Errorf("the session ping: %v", err)
	}
	if err := served.call("Echo.Count", dict{"ID": "c"}, nil); err != nil {
		t.Errorf("on the stream from before: %v", err)
	}
	if n := s.ExecutionCounts()["b"]; n != 0 {
		t.Errorf("the held call was executed %d times", n)
	}
	s.Heal()
	await(t, func() bool { return s.ExecutionCounts()["b"] == 1 })
	if err := c.open(modeRPC).call("Echo.Count", dict{"ID": "d"}, nil); err != nil {
		t.Errorf("after healing: %v", err)
	}
}
