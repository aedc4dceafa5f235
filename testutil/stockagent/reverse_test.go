package stockagent

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAnAgentAnswersTheCallsOfServers(t *testing.T) {
	c := startCluster(t, 3, rarely)
	a := startAgent(t, c, Config{Handlers: Handlers{Calls: map[string]CallHandler{
		"Test.Fails": func(context.Context, func(any) error) (any, error) { return nil, errors.New("no, thanks") },
	}}})
	a.settled(t)
	for i, server := range c.Servers() { // those without a session ask the one that has it
		var stats struct{ NodeID string }
		if err := server.CallNode(within(t), a.NodeID(), "ClientStats.Stats", map[string]any{"NodeID": a.NodeID()}, &stats); err != nil || stats.NodeID != a.NodeID() {
			t.Errorf("server %d: %+v, %v", i, stats, err)
		}
	}
	server := c.Server(0)
	var files struct{ Files []struct{ Name string } }
	if err := server.CallNode(within(t), a.NodeID(), "FileSystem.List", map[string]any{"Path": "/alloc"}, &files); err != nil || len(files.Files) != 1 || files.Files[0].Name != "/alloc" {
		t.Errorf("%+v, %v", files, err)
	}
	for method, text := range map[string]string{"Test.Fails": "no, thanks", "No.Such": "rpc: can't find service No.Such"} {
		err := server.CallNode(within(t), a.NodeID(), method, map[string]any{"some": []any{"argument"}}, nil)
		if remote, ok := errors.AsType[*testutil.RemoteError](err); !ok || remote.Text != text && remote.Text != testutil.ErrTextHops(1, text) {
			t.Errorf("%s: %v", method, err)
		}
	}
	if s := a.Stats(); s.ReverseCalls != 6 {
		t.Errorf("%d calls", s.ReverseCalls)
	}
}

func TestAnAgentAnswersTheStreamingCallsOfServers(t *testing.T) {
	c := startCluster(t, 1, rarely)
	a := startAgent(t, c, Config{Handlers: Handlers{Streams: map[string]testutil.StreamHandler{
		"Test.Fails": func(_ context.Context, conn net.Conn) error {
			if err := testutil.ReadStreamRequest(conn, new(any)); err != nil {
				return err
			}
			return &testutil.StreamError{Code: 404, Message: "none"}
		},
	}}})
	a.settled(t)
	open := func(method string, request any) (net.Conn, *testutil.FrameReader) {
		t.Helper()
		stream, err := c.Server(0).StreamNode(within(t), a.NodeID(), method)
		if err == nil {
			err = testutil.WriteStreamRequest(stream, request)
		}
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		t.Cleanup(func() { _ = stream.Close() })
		return stream, testutil.NewFrameReader(stream)
	}

	_, logs := open("FileSystem.Logs", map[string]any{"AllocID": "a1", "Task": "web", "LogType": "stdout", "PlainText": true})
	if f, err := logs.Read(); err != nil || string(f.Payload) != "a1/web stdout\n" {
		t.Errorf("%q, %v", f.Payload, err)
	}
	if _, err := logs.Read(); err != io.EOF {
		t.Errorf("behind the log: %v", err)
	}

	for method, request := range map[string]any{"Agent.Monitor": map[string]any{}, "FileSystem.Stream": map[string]any{"Follow": true}} {
		had := a.Stats().ReverseStreams
		stream, frames := open(method, request)
		if _, err := frames.Read(); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		stream.Close()
		a.until(t, method+" to end when the server leaves", func(s Stats) bool { return s.ReverseStreams == had+1 })
	}

	command, output := open("Allocations.Exec", map[string]any{"AllocID": "a1"})
	if err := testutil.WriteInput(command, testutil.ExecInput{Stdin: &testutil.ExecData{Data: []byte("hello")}}); err != nil {
		t.Fatal(err)
	}
	if out, err := output.ReadOutput(); err != nil || string(out.Stdout.Data) != "hello" {
		t.Errorf("%+v, %v", out, err)
	}

	_, failing := open("Test.Fails", map[string]any{})
	if _, err := failing.Read(); err == nil || err.Error() != "none" {
		t.Error(err)
	}
	if _, err := c.Server(0).StreamNode(within(t), a.NodeID(), "No.Such"); err == nil || err.Error() != `No.Such: Unknown rpc method: "No.Such"` {
		t.Error(err)
	}
}
