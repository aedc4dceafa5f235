package testutil

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

func startPlayer(tb testing.TB, cfg PlayerConfig) *Player {
	tb.Helper()
	p, err := StartPlayer(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop(tb, p) })
	return p
}

func TestAPlayerAnswersWithTheRecordedBytesAndTheClientsSeq(t *testing.T) {
	p := startPlayer(t, PlayerConfig{Transcript: load(t, "register_heartbeat")})
	for range 2 { // every connection begins anew
		s := dial(t, p.Addr()).open(modeRPC)
		s.Seq = 70000
		var first, second, third nodeReply
		for _, reply := range []*nodeReply{&first, &second, &third} {
			method := "Node.UpdateStatus"
			if reply == &first {
				method = "Node.Register"
			}
			if err := s.call(method, dict{}, reply); err != nil {
				t.Fatal(err)
			}
		}
		if first.Index != 103 || second.Index != 104 || third.Index != 0 || third.SignedIdentity != nil || len(third.Servers) != 3 {
			t.Errorf("played %+v, %+v, %+v", first, second, third)
		}
		if err := s.call("Node.UpdateStatus", dict{}, nil); err != nil {
			t.Errorf("past the last recorded answer: %v", err)
		}
		if err := s.call("No.Such", dict{}, nil); err == nil || !strings.Contains(err.Error(), `"No.Such"`) {
			t.Errorf("a method that was not recorded: %v", err)
		}
	}
}

func TestAStrictPlayerPlaysTheWholeRecordedStream(t *testing.T) {
	tr := load(t, "ping")
	p := startPlayer(t, PlayerConfig{Transcript: tr, Strict: true})
	s := dial(t, p.Addr()).open(modeRPC)
	recorded := tr.Streams[0]
	if _, err := s.Write(recorded.ClientToServer[1:]); err != nil {
		t.Fatal(err)
	}
	_ = s.SetDeadline(time.Now().Add(patience))
	got := make([]byte, len(recorded.ServerToClient))
	if _, err := io.ReadFull(s.Reader, got); err != nil || !bytes.Equal(got, recorded.ServerToClient) {
		t.Errorf("played %x (%v), recorded was %x", got, err, recorded.ServerToClient)
	}
}

func TestAPlayerEndsAStreamWhereARealServerDoes(t *testing.T) {
	p := startPlayer(t, PlayerConfig{Transcript: load(t, "unknown_method")})
	s := dial(t, p.Addr()).open(modeRPC)
	if err := s.call("Foo.Bar", dict{}, nil); err == nil || err.Error() != "rpc: can't find service Foo.Bar" {
		t.Errorf("played %v", err)
	}
	if err := s.ended(); err != nil {
		t.Error(err)
	}
}

func TestAPlayerPlaysStreamingCalls(t *testing.T) {
	tr := load(t, "streaming_open")
	p := startPlayer(t, PlayerConfig{Transcript: tr})
	c := dial(t, p.Addr())
	for _, recorded := range tr.Streams {
		s := c.open(modeStreaming)
		if _, err := s.Write(recorded.ClientToServer[1:]); err != nil {
			t.Fatal(err)
		}
		_ = s.SetDeadline(time.Now().Add(patience))
		if got, err := io.ReadAll(s.Reader); err != nil || !bytes.Equal(got, recorded.ServerToClient) {
			t.Errorf("stream %d: played %d bytes (%v), recorded were %d", recorded.ID, len(got), err, len(recorded.ServerToClient))
		}
	}
}

func TestAPlayerWithoutATranscriptDoesNotStart(t *testing.T) {
	if _, err := StartPlayer(PlayerConfig{}); err == nil {
		t.Error("it started")
	}
}
