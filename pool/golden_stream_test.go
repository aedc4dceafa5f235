package pool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil"
)

func recorded(tb testing.TB, name string) *testutil.Transcript {
	tb.Helper()
	t, err := testutil.LoadGolden(name)
	noError(tb, err)
	return t
}

// ofKind is the bytes of a stream's messages of one kind.
func ofKind(s testutil.TranscriptStream, kind string) (all [][]byte) {
	for _, m := range s.Messages {
		if m.Kind == kind {
			all = append(all, m.Bytes)
		}
	}
	return all
}

func methodOf(tb testing.TB, header []byte) string {
	tb.Helper()
	method, err := wire.NewDecoder().Stream(header)
	noError(tb, err)
	return method
}

// What we send is what a real client sent, in the same frames: mode byte and
// header in one.
func TestAStreamIsOpenedWithTheRecordedBytes(t *testing.T) {
	p := newPool(t, pool.Config{})
	addr, server := connectRaw(t, p)
	var seen []byte
	for _, rec := range append(recorded(t, "streaming_open").Streams, recorded(t, "event_stream").Streams...) {
		header, ack, request := ofKind(rec, "stream_header")[0], ofKind(rec, "stream_ack")[0], ofKind(rec, "stream_request")
		type result struct {
			conn net.Conn
			err  error
		}
		opened := make(chan result, 1)
		go func() {
			c, err := p.Stream(within(t), addr, methodOf(t, header))
			opened <- result{c, err}
		}()
		st, err := server.AcceptStream()
		noError(t, err)
		reads(t, st, slices.Concat([]byte{wire.ModeStreaming}, header))
		for len(dataFrames(seen, st.StreamID())) == 0 {
			seen = append(seen, receive(t, "bytes", server.first)...)
		}
		if got, want := dataFrames(seen, st.StreamID())[0], "\x05"+string(header); got != want {
			t.Errorf("the first frame is % x, want % x", got, want)
		}
		if _, err := st.Write(ack); err != nil {
			t.Fatal(err)
		}
		r := receive(t, "the stream", opened)
		if len(request) == 0 {
			failed(t, r.err, pool.PhaseRemote, pool.Rejected, pool.ErrUnknownMethod)
			_ = st.Close()
			continue
		}
		if r.err != nil {
			t.Fatal(r.err)
		}
		if _, err := r.conn.Write(request[0]); err != nil {
			t.Fatal(err)
		}
		reads(t, st, request[0])
		frames := ofKind(rec, "stream_frame")
		if _, err := st.Write(slices.Concat(frames...)); err != nil {
			t.Fatal(err)
		}
		_ = st.Close()
		readsFrames(t, r.conn, frames)
		readsRawFrames(t, frames)
		_ = r.conn.Close()
		ends(t, st)
	}
}

// readsFrames reads recorded frames and the end behind them.
func readsFrames(t *testing.T, c net.Conn, frames [][]byte) {
	t.Helper()
	r := pool.NewFrameReader(c)
	for i, want := range frames {
		payload, err := r.Next()
		var sent wire.Frame
		if bad := wire.NewDecoder().Frame(want, &sent); bad != nil {
			t.Fatal(bad)
		}
		if sent.Error != nil {
			if e := as[*pool.StreamError](t, err); e.Code != sent.Error.Code || e.Message != sent.Error.Message {
				t.Fatalf("frame %d: %v", i, e)
			}
			continue
		}
		if err != nil || string(payload) != string(sent.Data()) || len(payload) == 0 {
			t.Fatalf("frame %d: %q, %v", i, payload, err)
		}
		if got := wire.AppendFrame(nil, sent.Payload); sent.Event == nil && string(got) != string(want) {
			t.Fatalf("we would write % x, want % x", got, want)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("behind the frames: %v", err)
	}
}

// readsRawFrames reads recorded frames as they came.
func readsRawFrames(t *testing.T, frames [][]byte) {
	t.Helper()
	r := pool.NewFrameReader(bytes.NewReader(slices.Concat(frames...)))
	var all []pool.Raw
	for i := range frames {
		raw, err := r.NextRaw()
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		all = append(all, raw)
	}
	for i, want := range frames {
		if !bytes.Equal(all[i], want) {
			t.Fatalf("frame %d: % x, want % x", i, all[i], want)
		}
	}
	if raw, err := r.NextRaw(); raw != nil || !errors.Is(err, io.EOF) {
		t.Fatalf("behind the frames: % x, %v", raw, err)
	}
}

// The events of a real server, the empty object it begins with among them.
func TestARecordedEventStreamIsReadAsItsJSON(t *testing.T) {
	rec := recorded(t, "event_stream").Streams[0]
	r := pool.NewFrameReader(bytes.NewReader(slices.Concat(ofKind(rec, "stream_frame")...)))
	for _, want := range []uint64{0, 8, 9, 10, 11} {
		data, err := r.Next()
		noError(t, err)
		var event struct {
			Index  uint64
			Events []struct{ Topic string }
		}
		if err := json.Unmarshal(data, &event); err != nil || event.Index != want || (len(event.Events) == 0) != (want == 0) {
			t.Fatalf("%s, %v; want index %d", data, err, want)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// Every stream that a real server opened is answered with the bytes that its
// client answered with, where the protocol fixes them.
func TestTheRecordedReverseCallsAreAnswered(t *testing.T) {
	for _, name := range []string{"reverse_calls", "real_client_agent"} {
		var streams []testutil.TranscriptStream
		for _, s := range recorded(t, name).Streams {
			if s.OpenedBy == "server" {
				streams = append(streams, s)
			}
		}
		if len(streams) == 0 {
			t.Fatalf("%s: no stream of the server", name)
		}
		for _, rec := range streams {
			replay(t, name, rec)
		}
	}
}

// replay plays the server's side of one recorded stream.
func replay(t *testing.T, name string, rec testutil.TranscriptStream) {
	t.Helper()
	h := pool.Handlers{Calls: map[string]pool.CallHandler{}, Streams: map[string]pool.StreamHandler{}}
	var header wire.Header
	bodies, frames := ofKind(rec, "response_body"), ofKind(rec, "stream_frame")
	switch rec.Mode {
	case "rpc":
		if len(bodies) == 0 {
			return // its asker left before the answer
		}
		noError(t, wire.NewDecoder().Header(ofKind(rec, "response_header")[0], &header))
		if header.Error == "" {
			h.Calls[header.ServiceMethod] = func(_ context.Context, decode func(any) error) (any, error) {
				var args map[string]any
				if err := decode(&args); err != nil || len(args) < 10 {
					t.Errorf("%+v, %v", args, err)
				}
				return generic(t, bodies[0]), nil
			}
		}
	case "streaming":
		if string(ofKind(rec, "stream_ack")[0]) == "\x81\xa5Error\xa0" {
			h.Streams[methodOf(t, ofKind(rec, "stream_header")[0])] = playFrames(t, frames)
		}
	}
	p := newPool(t, pool.Config{Handlers: h})
	_, server := connectRaw(t, p)
	st := server.opens(t, rec.ServerToClient)
	want := []byte(rec.ClientToServer)
	if rec.Mode == "rpc" && header.Error == "" {
		want = ofKind(rec, "response_header")[0] // the body's order of keys is not fixed
	}
	reads(t, st, want)
	if len(want) < len(rec.ClientToServer) {
		body, err := wire.NewReader(st).Value(1 << 20)
		noError(t, err)
		if diff := cmp.Diff(generic(t, bodies[0]), generic(t, body), numbers); diff != "" {
			t.Fatal(diff)
		}
	}
	if rec.Mode == "streaming" || header.Error != "" {
		ends(t, st)
	}
	_ = st.Close()
	t.Logf("%s, stream %d (%s): %d bytes", name, rec.ID, rec.Mode, len(rec.ClientToServer))
}

// playFrames is a handler that sends recorded frames with our own writer.
func playFrames(t *testing.T, frames [][]byte) pool.StreamHandler {
	return func(_ context.Context, c net.Conn) error {
		var request map[string]any
		if err := pool.ReadRequest(c, &request); err != nil || len(request) < 14 {
			t.Errorf("request %v, %v", request, err)
		}
		for _, raw := range frames {
			var f wire.Frame
			if err := wire.NewDecoder().Frame(raw, &f); err != nil {
				t.Error(err)
			}
			if f.Error != nil {
				return &pool.StreamError{Code: f.Error.Code, Message: f.Error.Message}
			}
			if err := pool.WriteFrame(c, f.Payload); err != nil {
				return err
			}
		}
		return nil
	}
}
