package testutil

import (
	"bufio"
	"context"
	"errors"
	"io"
	"testing"
)

// answerOne accepts one stream from the server and plays the client's part.
func (c *client) answerOne(play func(mode byte, r *bufio.Reader, w io.Writer) error) <-chan error {
	done := make(chan error, 1)
	go func() {
		stream, err := c.Session.AcceptStream()
		if err != nil {
			done <- err
			return
		}
		defer stream.Close()
		mode, err := readByte(stream)
		if err == nil {
			err = play(mode, bufio.NewReader(stream), stream)
		}
		done <- err
	}()
	return done
}

func registered(t *testing.T) (*Server, *client) {
	t.Helper()
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	if err := c.open(modeRPC).call("Node.Register", registration("a"), nil); err != nil {
		t.Fatal(err)
	}
	return s, c
}

func TestTheServerCallsANodeOverTheNodesOwnConnection(t *testing.T) {
	s, c := registered(t)
	for _, text := range []string{"", "rpc: can't find service ClientStats.Stats"} {
		done := c.answerOne(func(mode byte, r *bufio.Reader, w io.Writer) error {
			var h requestHeader
			if err := readInto(r, &h); err != nil || mode != modeRPC {
				return errors.Join(err, errors.New("no RPC"))
			}
			body, err := readValue(r)
			if err != nil {
				return err
			}
			out, err := encodeReply(responseHeader{Error: text, Seq: h.Seq, ServiceMethod: h.ServiceMethod}, Raw(body))
			if err != nil {
				return err
			}
			_, err = w.Write(out)
			return err
		})
		var reply struct{ NodeID string }
		err := s.CallNode(t.Context(), NodeID("a"), "ClientStats.Stats", dict{"NodeID": NodeID("a")}, &reply)
		if played := <-done; played != nil && text == "" {
			t.Fatalf("the client: %v", played)
		}
		remote, _ := errors.AsType[*RemoteError](err)
		if text == "" && (err != nil || reply.NodeID != NodeID("a")) || text != "" && (remote == nil || remote.Text != text) {
			t.Errorf("answered %+v, %v", reply, err)
		}
	}
}

func TestTheServerStreamsFromANode(t *testing.T) {
	s, c := registered(t)
	done := c.answerOne(func(mode byte, r *bufio.Reader, w io.Writer) error {
		var h streamHeader
		if err := readInto(r, &h); err != nil || mode != modeStreaming || h.Method != "FileSystem.Logs" {
			return errors.Join(err, errors.New("no stream"))
		}
		out, err := encode(nil, streamAck{})
		if err == nil {
			out, err = encode(out, StreamFrame{Payload: []byte("line")})
		}
		if err == nil {
			_, err = w.Write(out)
		}
		return err
	})
	stream, err := s.StreamNode(t.Context(), NodeID("a"), "FileSystem.Logs")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var f StreamFrame
	if err := readInto(bufio.NewReader(stream), &f); err != nil || string(f.Payload) != "line" {
		t.Errorf("frame %+v, %v", f, err)
	}
	if err := <-done; err != nil {
		t.Errorf("the client: %v", err)
	}
}

func TestACallToANodeThatIsNotThereOrDoesNotAnswerEnds(t *testing.T) {
	s, c := registered(t)
	if err := s.CallNode(t.Context(), NodeID("b"), "X.Y", dict{}, nil); err == nil || err.Error() != "X.Y: "+ErrTextUnknownNode(NodeID("b")) {
		t.Errorf("an unknown node: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	if err := s.CallNode(ctx, NodeID("a"), "X.Y", dict{}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a node that accepts nothing: %v", err)
	}
	_ = c.Session.Close()
	await(t, func() bool { return s.Counts().Open == 0 })
	if err := s.CallNode(t.Context(), NodeID("a"), "X.Y", dict{}, nil); err == nil || err.Error() != "X.Y: "+ErrTextNoNodePath {
		t.Errorf("a node that has gone: %v", err)
	}
}
