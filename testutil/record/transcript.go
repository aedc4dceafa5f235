package main

import (
	"cmp"
	"encoding/hex"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

var handle = newHandle()

func newHandle() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.RawToString, h.MapType = true, reflect.TypeFor[map[string]any]()
	return h
}

// value decodes the first value of b, and returns the bytes that it takes; none if it
// is not complete.
func value(b []byte) (v any, n int) {
	d := codec.NewDecoderBytes(b, handle)
	if len(b) == 0 || d.Decode(&v) != nil {
		return nil, 0
	}
	return plain(v), d.NumBytesRead()
}

// plain makes a decoded value one that JSON can hold.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = plain(e)
		}
		return v
	case []any:
		for i, e := range v {
			v[i] = plain(e)
		}
		return v
	case string:
		if !utf8.ValidString(v) {
			return map[string]any{"$hex": hex.EncodeToString([]byte(v))}
		}
		return v
	case []byte:
		return map[string]any{"$hex": hex.EncodeToString(v)}
	default:
		return v
	}
}

// speech is a stream whose messages are being put together.
type speech struct {
	testutil.TranscriptStream
	client, server voice
}

// voice is one direction of a stream.
type voice struct {
	pending []byte // no whole message yet
	count   int    // of messages, without the mode byte
	caller  bool   // it makes the calls
}

// kind names the next message of a direction.
func (v *voice) kind(mode string) string {
	switch {
	case mode == "rpc" && v.caller:
		return [...]string{"request_header", "request_body"}[v.count%2]
	case mode == "rpc":
		return [...]string{"response_header", "response_body"}[v.count%2]
	case v.caller && v.count == 0:
		return "stream_header"
	case v.caller && v.count == 1:
		return "stream_request"
	case v.count == 0:
		return "stream_ack"
	}
	return "stream_frame"
}

// transcript makes a recording of the chunks of a connection.
func transcript(chunks []chunk) (*testutil.Transcript, error) {
	w, err := cut(chunks)
	if err != nil {
		return nil, err
	}
	w.blank()
	t := &testutil.Transcript{ClientToServer: w.client.raw, ServerToClient: w.server.raw, Closed: w.closed}
	streams := map[uint32]*speech{}
	for _, f := range w.frames {
		t.Frames = append(t.Frames, f.TranscriptFrame)
		if f.Stream == 0 {
			continue
		}
		s := streams[f.Stream]
		if s == nil {
			s = &speech{}
			s.ID, s.OpenedBy = f.Stream, "client"
			if s.client.caller = f.client; !f.client {
				s.OpenedBy, s.server.caller = "server", true
			}
			streams[f.Stream] = s
		}
		s.hear(f.client, w.body(f))
	}
	for _, s := range streams {
		t.Streams = append(t.Streams, s.TranscriptStream)
	}
	slices.SortFunc(t.Streams, func(a, b testutil.TranscriptStream) int { return cmp.Compare(a.ID, b.ID) })
	return t, nil
}

// hear adds the body of a frame.
func (s *speech) hear(client bool, body []byte) {
	v, bytes := &s.server, &s.ServerToClient
	if client {
		v, bytes = &s.client, &s.ClientToServer
	}
	*bytes = append(*bytes, body...)
	v.pending = append(v.pending, body...)
	add := func(kind string, n int, value any) {
		s.Messages = append(s.Messages, testutil.TranscriptMessage{
			Direction: dirOf(client), Kind: kind, Bytes: slices.Clone(v.pending[:n]), Value: value,
		})
		v.pending = v.pending[n:]
	}
	if v.caller && len(v.pending) > 0 && len(*bytes) == len(v.pending) && v.count == 0 {
		switch v.pending[0] {
		case plainclient.ModeRPC:
			s.Mode = "rpc"
		case plainclient.ModeStreaming:
			s.Mode = "streaming"
		}
		add("mode", 1, v.pending[0])
	}
	for {
		decoded, n := value(v.pending)
		if n == 0 {
			return
		}
		add(v.kind(s.Mode), n, decoded)
		v.count++
	}
}
