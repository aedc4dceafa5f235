package testutil

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

func (s *rpcStream) startStreaming(method string, args any) (ack streamAck) {
	s.tb.Helper()
	_ = s.SetDeadline(time.Now().Add(patience))
	for _, v := range []any{streamHeader{Method: method}, args} {
		out, err := encode(nil, v)
		if err != nil {
			s.tb.Fatal(err)
		}
		if _, err := s.Write(out); err != nil {
			s.tb.Fatal(err)
		}
	}
	if err := readInto(s.Reader, &ack); err != nil {
		s.tb.Fatal(err)
	}
	return ack
}

func TestEchoStreamSendsItsFramesAndEnds(t *testing.T) {
	s := dial(t, start(t, ServerConfig{}).Addr()).open(modeStreaming)
	if ack := s.startStreaming("Echo.Stream", dict{"Count": 3, "Payload": []byte("x")}); ack.Error != "" {
		t.Fatal(ack.Error)
	}
	for range 3 {
		var f StreamFrame
		if err := readInto(s.Reader, &f); err != nil || string(f.Payload) != "x" || f.Error != nil {
			t.Errorf("frame %+v, %v", f, err)
		}
	}
	if err := s.ended(); err != nil {
		t.Error(err)
	}
}

func TestAStreamHandlersErrorComesAsAFrame(t *testing.T) {
	server := start(t, ServerConfig{})
	server.HandleStream("My.Stream", func(context.Context, net.Conn) error { return &StreamError{Code: 404, Message: "none"} })
	server.HandleStream("My.Other", func(context.Context, net.Conn) error { return errors.New("broken") })
	for method, want := range map[string]StreamError{"My.Stream": {404, "none"}, "My.Other": {500, "broken"}} {
		s := dial(t, server.Addr()).open(modeStreaming)
		s.startStreaming(method, dict{})
		var f StreamFrame
		if err := readInto(s.Reader, &f); err != nil || f.Error == nil || *f.Error != want {
			t.Errorf("frame %+v, %v", f, err)
		}
	}
}

func TestFaultsHitStreamingCallsToo(t *testing.T) {
	server := start(t, ServerConfig{})
	server.Inject(AppError("Echo.Stream", "no").Times(1))
	c := dial(t, server.Addr())
	if ack := c.open(modeStreaming).startStreaming("Echo.Stream", dict{}); ack.Error != "no" {
		t.Errorf("acknowledged %+v", ack)
	}
	server.Inject(DropAfterRead())
	s := c.open(modeStreaming)
	out, _ := encode(nil, streamHeader{Method: "Echo.Stream"})
	_, _ = s.Write(out)
	_ = s.SetDeadline(time.Now().Add(patience))
	if _, err := s.Reader.ReadByte(); err != io.EOF {
		t.Errorf("dropped: %v", err)
	}
}

func TestAUsersHandlerAnswersAndIsCancelledWithItsConnection(t *testing.T) {
	server := start(t, ServerConfig{})
	ended := make(chan error, 1)
	server.Handle("My.Wait", func(ctx context.Context, _ *Request) (any, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	server.Handle("Status.Ping", func(_ context.Context, r *Request) (any, error) { return r.Method, nil })
	c := dial(t, server.Addr())
	var reply string
	if err := c.open(modeRPC).call("Status.Ping", dict{}, &reply); err != nil || reply != "Status.Ping" {
		t.Errorf("replaced: %q, %v", reply, err)
	}
	if err := c.open(modeRPC).Send("My.Wait", dict{}); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return server.Counts().Methods["My.Wait"] == 1 })
	_ = c.Session.Close()
	select {
	case err := <-ended:
		t.Logf("the handler ended: %v", err)
	case <-time.After(patience):
		t.Error("the handler was not cancelled")
	}
}
