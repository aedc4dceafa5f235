package testutil

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestAServerAnswersAPing(t *testing.T) {
	s := start(t, ServerConfig{})
	if err := dial(t, s.Addr()).open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	if c := s.Counts(); c.Accepted != 1 || c.Open != 1 || c.Streams != 1 || c.Methods["Status.Ping"] != 1 {
		t.Errorf("counts are %+v", c)
	}
}

func TestAKilledServerResetsAndRefusesUntilItIsRestarted(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	if err := c.open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	raw, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Write([]byte{modeRPC}); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return s.Counts().Open == 2 })
	s.Kill()
	_ = raw.SetReadDeadline(time.Now().Add(patience))
	if _, err := raw.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reading from a killed server: %v", err)
	}
	for range 50 {
		if _, err := net.Dial("tcp", s.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("dialling a killed server: %v", err)
		}
	}
	for range 3 {
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		if err := dial(t, s.Addr()).open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
			t.Fatalf("after the restart: %v", err)
		}
	}
}

func TestAShutDownServerEndsItsConnectionsInAnOrderlyWay(t *testing.T) {
	s := start(t, ServerConfig{})
	raw, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	await(t, func() bool { return s.Counts().Open == 1 })
	s.Shutdown()
	_ = raw.SetReadDeadline(time.Now().Add(patience))
	if _, err := raw.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("reading from a server that was shut down: %v", err)
	}
	if _, err := net.Dial("tcp", s.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialling a server that was shut down: %v", err)
	}
}

func TestARefusingServerKeepsItsSessions(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	s.Refuse()
	if _, err := net.Dial("tcp", s.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialling a refusing server: %v", err)
	}
	if err := s.Accept(); err != nil {
		t.Fatal(err)
	}
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("the session did not survive: %v", err)
	}
	if err := dial(t, s.Addr()).open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
		t.Error(err)
	}
}

func TestAFrozenServerIsSilentOnOldAndNewConnectionsAndThenAnswers(t *testing.T) {
	s := start(t, ServerConfig{})
	old := dial(t, s.Addr()).open(modeRPC)
	if err := old.call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	fresh := dial(t, s.Addr()).open(modeRPC) // the kernel accepts
	for name, stream := range map[string]*rpcStream{"old": old, "new": fresh} {
		if err := stream.callWithin(50*time.Millisecond, "Status.Ping", dict{}, nil); !isTimeout(err) {
			t.Errorf("%s connection to a frozen server: %v", name, err)
		}
	}
	if n := s.Counts().Methods["Status.Ping"]; n != 1 {
		t.Errorf("a frozen server executed %d pings", n-1)
	}
	s.Thaw()
	for name, stream := range map[string]*rpcStream{"old": old, "new": fresh} {
		_ = stream.SetDeadline(time.Now().Add(patience))
		raw, err := readValue(stream.Reader)
		if err != nil {
			t.Errorf("%s connection after the thaw: %v", name, err)
		}
		var h responseHeader
		if decode(raw, &h) != nil || h.ServiceMethod != "Status.Ping" {
			t.Errorf("%s connection got %+v", name, h)
		}
	}
}

func TestAFrozenServerCanBeKilledRestartedAndStopped(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	s.Kill()
	if err := stream.call("Status.Ping", dict{}, nil); err == nil || isTimeout(err) {
		t.Errorf("the connection survived: %v", err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := dial(t, s.Addr()).open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	s.Freeze() // and the cleanup stops it frozen
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// await waits for something that no event tells of.
func await(tb testing.TB, cond func() bool) {
	tb.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatal("it never came to pass")
		}
	}
}
