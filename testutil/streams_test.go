package testutil

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// follow opens a streaming call and returns a reader of its frames.
func (c *client) stream(method string, args any) (*rpcStream, *FrameReader) {
	c.tb.Helper()
	s := c.open(modeStreaming)
	if ack := s.startStreaming(method, args); ack.Error != "" {
		c.tb.Fatal(ack.Error)
	}
	return s, NewFrameReader(s.Reader)
}

func TestAnEventStreamReportsNodesUntilTheClientHasClosedItsSide(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	c.mustCall("Node.Register", registration("before"))
	stream, frames := c.stream("Event.Stream", dict{"Region": "global", "Topics": dict{"Node": []string{"*"}}})
	if data, err := frames.ReadEvent(); err != nil || string(data) != "{}" {
		t.Fatalf("%s, %v", data, err)
	}
	c.mustCall("Node.Register", registration("after"))
	c.mustCall("Node.UpdateStatus", heartbeat("after"))
	s.Purge(NodeID("after"))
	for _, want := range []struct{ node, kind string }{
		{"before", "NodeRegistration"},
		{"after", "NodeRegistration"},
		{"after", "NodeStreamEvent"},
		{"after", "NodeDeregistration"},
	} {
		data, err := frames.ReadEvent()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Index  uint64
			Events []struct{ Key, Topic, Type string }
		}
		if err := json.Unmarshal(data, &got); err != nil || len(got.Events) != 1 || got.Index == 0 {
			t.Fatalf("%s, %v", data, err)
		}
		if e := got.Events[0]; e.Key != NodeID(want.node) || e.Type != want.kind || e.Topic != "Node" {
			t.Errorf("%+v, want %+v", e, want)
		}
	}
	_ = stream.Close()
	if _, err := frames.ReadEvent(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestAnEventStreamReportsTheTopicsAskedFor(t *testing.T) {
	c := dial(t, start(t, ServerConfig{}).Addr())
	for _, name := range []string{"a", "b", "a"} {
		c.mustCall("Node.Register", registration(name))
	}
	var index uint64
	_, frames := c.stream("Event.Stream", dict{"Region": "global", "Topics": dict{"Node": []string{NodeID("a")}}})
	for i := range 3 {
		data, err := frames.ReadEvent()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Index  uint64
			Events []struct{ Key string }
		}
		if err := json.Unmarshal(data, &got); err != nil || i > 0 && got.Events[0].Key != NodeID("a") {
			t.Errorf("%s, %v", data, err)
		}
		index = got.Index
	}
	_, frames = c.stream("Event.Stream", dict{"Region": "global", "Topics": dict{"*": []string{"*"}}, "Index": index})
	_, _ = frames.ReadEvent()
	if data, err := frames.ReadEvent(); err != nil || json.Unmarshal(data, &struct{ Index *uint64 }{&index}) != nil {
		t.Errorf("%s, %v", data, err)
	}
	_, frames = c.stream("Event.Stream", dict{"Region": "mars"})
	var refused *StreamError
	if _, err := frames.ReadEvent(); !errors.As(err, &refused) || *refused != (StreamError{500, ErrTextNoRegionPath}) {
		t.Errorf("%v", err)
	}
}

func TestALogIsFollowedUntilTheClientHasClosedItsSide(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	for _, plain := range []bool{true, false} {
		stream, frames := c.stream("Agent.Monitor", dict{"Region": "global", "LogLevel": "DEBUG", "PlainText": plain})
		await(t, func() bool { return s.log.followers.Load() == 1 })
		s.Log("one")
		frame, err := frames.Read()
		if want := map[bool]string{true: "one\n", false: `{"Data":"b25lCg==","FileEvent":"log"}`}[plain]; err != nil || string(frame.Payload) != want {
			t.Errorf("%s, %v", frame.Payload, err)
		}
		_ = stream.Close()
		if _, err := frames.Read(); err != io.EOF {
			t.Errorf("%v", err)
		}
		await(t, func() bool { return s.log.followers.Load() == 0 })
	}
	for _, tc := range []struct {
		args dict
		want StreamError
	}{
		{dict{"Region": "global", "LogLevel": "loud"}, StreamError{400, "Unknown log level"}},
		{dict{"LogLevel": "INFO"}, StreamError{400, "missing target region"}},
		{dict{"NodeID": NodeID("x")}, StreamError{500, `RPC Error:: 404,Unknown node "` + NodeID("x") + `"`}},
	} {
		_, frames := c.stream("Agent.Monitor", tc.args)
		var got *StreamError
		if _, err := frames.Read(); !errors.As(err, &got) || *got != tc.want {
			t.Errorf("%v: %v", tc.args, err)
		}
	}
}

// serveLog plays a node that streams: a frame at once, and then what the
// server sends, as frames, until that closes its side.
func (c *client) serveLog() <-chan error {
	return c.answerOne(func(_ byte, r *bufio.Reader, w io.Writer) error {
		var h streamHeader
		if err := readInto(r, &h); err != nil {
			return err
		}
		if err := writeValue(w, streamAck{}); err != nil {
			return err
		}
		request, err := readValue(r)
		if err != nil {
			return err
		}
		if err := writeValue(w, StreamFrame{Payload: []byte(h.Method)}); err != nil {
			return err
		}
		if len(request) == 0 {
			return errors.New("no request")
		}
		if _, err := r.ReadByte(); err != io.EOF {
			return errors.Join(errors.New("the server has more to say"), err)
		}
		return nil
	})
}

func TestALogOfAnAllocationIsRelayedFromItsNodeUntilEitherSideCloses(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	node := dial(t, cluster.Server(0).Addr())
	node.mustCall("Node.Register", registration("a"))
	cluster.SetAllocs(NodeID("a"), map[string]uint64{"alloc": 1})
	for i, method := range []string{"FileSystem.Logs", "FileSystem.Stream", "Allocations.Exec"} {
		done := node.serveLog()
		// also through servers that have no session of the node
		stream, frames := dial(t, cluster.Server(i).Addr()).stream(method, dict{"Region": "global", "AllocID": "alloc"})
		if frame, err := frames.Read(); err != nil || string(frame.Payload) != method {
			t.Fatalf("%s: %s, %v", method, frame.Payload, err)
		}
		_ = stream.Close() // half of it, and that is the end
		if _, err := frames.Read(); err != io.EOF {
			t.Errorf("%s: %v", method, err)
		}
		if err := <-done; err != nil {
			t.Errorf("%s: the node: %v", method, err)
		}
	}
	c := dial(t, cluster.Server(1).Addr())
	refused := func(args dict, want StreamError) {
		t.Helper()
		_, frames := c.stream("FileSystem.Logs", args)
		var got *StreamError
		if _, err := frames.Read(); !errors.As(err, &got) || *got != want {
			t.Errorf("%v: %v", args, err)
		}
	}
	refused(dict{"Region": "global", "AllocID": "none"}, StreamError{404, `Unknown allocation "none"`})
	refused(dict{"Region": "global"}, StreamError{400, "Missing allocation ID"})
	_ = node.Session.Close()
	await(t, func() bool { return cluster.NodeConns(NodeID("a")).Open == 0 })
	refused(dict{"Region": "global", "AllocID": "alloc"}, StreamError{404, ErrTextNoNodePath})
}

func TestANodeThatGoesEndsItsRelayedStreams(t *testing.T) {
	s := start(t, ServerConfig{})
	node := dial(t, s.Addr())
	node.mustCall("Node.Register", registration("a"))
	s.SetAllocs(NodeID("a"), map[string]uint64{"alloc": 1})
	done := node.serveLog()
	_, frames := dial(t, s.Addr()).stream("FileSystem.Logs", dict{"Region": "global", "AllocID": "alloc"})
	if _, err := frames.Read(); err != nil {
		t.Fatal(err)
	}
	_ = node.Session.Close()
	if _, err := frames.Read(); err != io.EOF {
		t.Errorf("%v", err)
	}
	// Its own session has ended, perhaps before its last write returned.
	if err := <-done; err != nil && err != yamux.ErrSessionShutdown {
		t.Errorf("the node: %v", err)
	}
}

func TestACommandEchoesItsInputAndEndsWithIt(t *testing.T) {
	c := dial(t, start(t, ServerConfig{}).Addr())
	stream, frames := c.stream("Echo.Exec", dict{"Cmd": []string{"cat"}})
	for _, line := range []string{"one", "two"} {
		if err := WriteInput(stream, ExecInput{Stdin: &ExecData{Data: []byte(line)}}); err != nil {
			t.Fatal(err)
		}
		if out, err := frames.ReadOutput(); err != nil || out.Stdout == nil || string(out.Stdout.Data) != line {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if err := WriteInput(stream, ExecInput{Stdin: &ExecData{Close: true}}); err != nil {
		t.Fatal(err)
	}
	if out, err := frames.ReadOutput(); err != nil || !out.Exited || out.Result == nil || out.Result.ExitCode != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := frames.ReadOutput(); err != io.EOF {
		t.Error(err)
	}
	killed, frames := c.stream("Echo.Exec", dict{})
	_ = killed.Close()
	if out, err := frames.ReadOutput(); err != io.EOF {
		t.Errorf("half-closed: %+v, %v", out, err)
	}
}

func TestInputAndFramesHaveTheFieldNamesOfTheWire(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	_ = far.SetDeadline(time.Now().Add(patience))
	go func() {
		_ = WriteInput(near, ExecInput{Stdin: &ExecData{Data: []byte("x"), Close: true}})
		_ = WriteFrame(near, StreamFrame{Error: &StreamError{Message: "no code"}})
		_ = WriteFrame(near, StreamFrame{Error: &StreamError{Code: 404, Message: "x"}})
		_ = WriteEvent(near, []byte("{}"))
	}()
	r := bufio.NewReader(far)
	for _, want := range []string{
		`{"Stdin":{"Close":true,"Data":"x"}}`,
		`{"Error":{"Code":null,"Message":"no code"},"Payload":null}`,
		`{"Error":{"Code":404,"Message":"x"},"Payload":null}`,
		`{"Error":null,"Event":{"Data":"{}"}}`,
	} {
		raw, err := readValue(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(decoded(t, raw)); string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
