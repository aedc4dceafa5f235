package testutil

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
)

// PlayerConfig configures a [Player]. Only Transcript is needed.
type PlayerConfig struct {
	Transcript *Transcript
	// Addr is the TCP address to listen on. Empty: 127.0.0.1, a free port.
	Addr string
	// Strict plays the recorded bytes unchanged. A client must then number its
	// requests as the recorded one did. Without it the Seq in a recorded
	// header, which the client chooses, is replaced by the client's own.
	Strict bool
}

// Player plays the server's side of a [Transcript] to any number of
// connections. The first request of a method is answered with the bytes of the
// first recorded answer to that method, the second with those of the second,
// and so on; after the last one it stays with that. Each connection begins
// anew. A method that was not recorded is answered with an error. Streaming
// calls are played likewise: acknowledgement, then after the client's request
// all frames. After an answer that ends its stream with a real server, the
// stream ends. Calls that the recorded server made to its client are left out.
type Player struct {
	server *Server // only its listener and its gate are of use
}

// script is one connection's place in the transcript.
type script struct {
	strict bool
	parts  map[string]*part // by method
}

type part struct {
	exchanges []Exchange
	streams   []TranscriptStream
	played    atomic.Int64 // requests of the connection so far
}

// next counts up to n and stays at the last.
func (p *part) next(n int) int { return min(int(p.played.Add(1)), n) - 1 }

// StartPlayer starts to listen. The error reports what is wrong with the
// configuration, or is that of listening. The caller owns the player and must
// stop it.
func StartPlayer(cfg PlayerConfig) (*Player, error) {
	if cfg.Transcript == nil {
		return nil, errors.New("testutil: PlayerConfig.Transcript is nil: load one with LoadGolden")
	}
	s, err := startAlone(ServerConfig{Addr: cfg.Addr}, func() rpcServing { return newScript(cfg) })
	if err != nil {
		return nil, err
	}
	return &Player{server: s}, nil
}

// Addr returns the host:port the player listens on.
func (p *Player) Addr() string { return p.server.Addr() }

// Counts reports connections and streams; Requests and Methods stay empty.
func (p *Player) Counts() Counts { return p.server.Counts() }

// Stop ends the player and waits for it, as [Server.Stop] does.
func (p *Player) Stop(ctx context.Context) error { return p.server.Stop(ctx) }

func newScript(cfg PlayerConfig) *script {
	s := &script{strict: cfg.Strict, parts: map[string]*part{}}
	at := func(method string) *part {
		if s.parts[method] == nil {
			s.parts[method] = &part{}
		}
		return s.parts[method]
	}
	for _, e := range cfg.Transcript.Exchanges() {
		p := at(e.Method)
		p.exchanges = append(p.exchanges, e)
	}
	for _, stream := range cfg.Transcript.Streams {
		if stream.OpenedBy != "client" || stream.Mode != "streaming" {
			continue
		}
		for _, m := range stream.Messages {
			if m.Kind == "stream_header" {
				p := at(field(m.Value, "Method"))
				p.streams = append(p.streams, stream)
			}
		}
	}
	return s
}

// serveRPC answers requests until the client ends the stream or an answer does.
func (s *script) serveRPC(rw net.Conn) {
	defer func() { _ = rw.Close() }() // tells the client that nothing more comes
	r := bufio.NewReader(rw)
	for {
		var h requestHeader
		if readInto(r, &h) != nil {
			return
		}
		if _, err := readValue(r); err != nil {
			return
		}
		out, last, err := s.response(h)
		if err != nil {
			return
		}
		if _, err := rw.Write(out); err != nil || last {
			return
		}
	}
}

// response returns the bytes to play, and whether the stream ends behind them.
func (s *script) response(h requestHeader) (out []byte, last bool, err error) {
	p := s.parts[h.ServiceMethod]
	if p == nil || len(p.exchanges) == 0 {
		text := fmt.Sprintf("testutil: %q is not in the transcript", h.ServiceMethod)
		out, err := encodeReply(responseHeader{Error: text, Seq: h.Seq, ServiceMethod: h.ServiceMethod}, emptyMap)
		return out, false, err
	}
	e := p.exchanges[p.next(len(p.exchanges))]
	out = bytes.Clone(e.ResponseHeader)
	if !s.strict {
		if out, err = withSeq(out, h.Seq); err != nil {
			return nil, false, err
		}
	}
	return append(out, e.ResponseBody...), endsStream(e.Error), nil
}

// endsStream reports whether a real server ends the stream behind such an error.
func endsStream(text string) bool {
	return strings.HasPrefix(text, "rpc: can't find ") ||
		strings.HasPrefix(text, "rpc: service/method request ill-formed") ||
		strings.HasPrefix(text, "msgpack decode error ")
}

// withSeq replaces the number behind the key Seq and leaves all else as it is.
func withSeq(header []byte, seq uint64) ([]byte, error) {
	const key = "\xa3Seq"
	at := bytes.Index(header, []byte(key))
	if at < 0 {
		return nil, errors.New("testutil: a recorded header has no Seq")
	}
	at += len(key)
	old, err := readValue(bufio.NewReader(bytes.NewReader(header[at:])))
	if err != nil {
		return nil, err
	}
	out, err := encode(bytes.Clone(header[:at]), seq)
	return append(out, header[at+len(old):]...), err
}

// serveStreaming plays one streaming call.
func (s *script) serveStreaming(rw net.Conn) {
	defer func() { _ = rw.Close() }() // tells the client that nothing more comes
	r := bufio.NewReader(rw)
	var h streamHeader
	if readInto(r, &h) != nil {
		return
	}
	p := s.parts[h.Method]
	if p == nil || len(p.streams) == 0 {
		if out, err := encode(nil, streamAck{Error: fmt.Sprintf("Unknown rpc method: %q", h.Method)}); err == nil {
			_, _ = rw.Write(out) // the stream ends either way
		}
		return
	}
	for _, m := range p.streams[p.next(len(p.streams))].Messages {
		switch {
		case m.Kind == "stream_request":
			if _, err := readValue(r); err != nil {
				return
			}
		case m.Direction == "s2c":
			if _, err := rw.Write(m.Bytes); err != nil {
				return
			}
		}
	}
}
