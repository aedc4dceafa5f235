package testutil

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

// rpcServing answers the streams of one connection. Both functions run until
// their stream ends and close it.
type rpcServing interface {
	serveRPC(rw net.Conn)
	serveStreaming(rw net.Conn)
}

// conn is one connection from a client.
type conn struct {
	server  *Server
	sock    *gatedConn // the TCP connection
	ctx     context.Context
	cancel  context.CancelFunc
	session atomic.Pointer[yamux.Session]
	serving rpcServing     // what answers on its streams
	out     *joined        // beneath the session; nil without one
	streams sync.WaitGroup // only serve adds to it, so it may wait for it

	accepted         time.Time
	entry            connEntry              // in the cluster's log
	node             atomic.Pointer[string] // the node that is called over it; set once
	bound            time.Time              // when that was; written before node
	opened, reversed openTally              // streams of the client, and of this server
}

func newConn(s *Server, sock net.Conn) *conn {
	c := &conn{server: s, sock: newGatedConn(sock, s.gate), accepted: time.Now(), entry: connEntry{server: s.addr}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.serving = c
	if s.serving != nil {
		c.serving = s.serving()
	}
	return c
}

// hangUp ends the connection at once. It does not wait for its goroutines.
func (c *conn) hangUp(reset bool) {
	_ = c.sock.sever(reset) // first: a process that dies does not close its streams
	c.cancel()
}

// serve runs until the connection and all its streams have ended.
func (c *conn) serve() {
	defer c.server.forget(c)
	defer c.hangUp(false)
	rw, mode, ok := c.opening()
	if !ok {
		return
	}
	switch mode {
	case modeRPC:
		c.serving.serveRPC(rw)
	case modeStreaming:
		c.serving.serveStreaming(rw)
	case modeYamux, modeMultiplex:
		if c.server.faults.Load().garbledTransport() {
			_, _ = c.sock.Write(nonsense) // the client notices, or is gone
			_, _ = io.Copy(io.Discard, c.sock)
			return
		}
		c.serveSession(rw, mode == modeMultiplex)
	}
}

// opening reads the first byte, and past a TLS handshake the byte behind it.
func (c *conn) opening() (rw net.Conn, mode byte, ok bool) {
	rw = c.sock
	_ = rw.SetReadDeadline(time.Now().Add(c.server.cfg.FirstByteTimeout)) // a dead socket fails to read
	mode, err := readByte(rw)
	if err != nil || (mode == modeTLS) != (c.server.cfg.TLS != nil) {
		return nil, 0, false
	}
	if mode == modeTLS {
		secured := tls.Server(rw, c.server.cfg.TLS)
		if secured.HandshakeContext(c.ctx) != nil {
			return nil, 0, false
		}
		rw = secured
	}
	_ = rw.SetReadDeadline(time.Time{}) // a dead socket fails to read
	if mode == modeTLS {
		if mode, err = readByte(rw); err != nil {
			return nil, 0, false
		}
	}
	return rw, mode, true
}

func readByte(r io.Reader) (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}

// serveSession accepts streams one after another. As real servers do, it reads
// a stream's first byte before it accepts the next stream, so one that comes
// without its byte stalls all later ones (Nomad 2.0.6, nomad/rpc.go, handleMultiplexV2).
func (c *conn) serveSession(rw net.Conn, modeless bool) {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	cfg.EnableKeepAlive = c.server.cfg.KeepAlive > 0
	cfg.KeepAliveInterval = max(c.server.cfg.KeepAlive, time.Second)
	cfg.ConnectionWriteTimeout = time.Minute // a frozen server must not lose its sessions by itself
	out := newJoined(rw)
	session, err := yamux.Server(lastWords{out, c.lost}, cfg)
	if err != nil {
		return
	}
	c.out = out
	c.streams.Go(out.flush)
	c.session.Store(session)
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			break
		}
		if !c.server.servesStreams(session.CloseChan()) {
			break
		}
		mode := byte(modeRPC)
		if !modeless {
			if mode, err = readByte(stream); err != nil {
				break // real servers end the whole connection: the same
			}
		}
		serve := c.serving.serveRPC
		switch mode {
		case modeRPC:
		case modeStreaming:
			serve = c.serving.serveStreaming
		default:
			serve = nil
		}
		if serve == nil {
			break
		}
		c.server.tally.streams.Add(1)
		c.opened.open()
		c.streams.Go(func() {
			defer c.opened.close()
			defer context.AfterFunc(c.ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })()
			serve(stream)
			// yamux keeps a stream that the client has not closed for five minutes more, also
			// when its session has ended (yamux v0.1.2, stream.go Close).
			stream.Shrink()
		})
	}
	c.cancel()
	_ = session.Close() // the connection is done for anyway
	c.streams.Wait()
	out.forget()
}

// lost runs when the transport cannot be read any more. Nothing is written to it
// either from then on: the streams end with it, without a word.
func (c *conn) lost() {
	c.hangUp(false)
	c.server.forget(c)
}

// lastWords is a transport that calls say when it cannot be read any more, before
// yamux learns of it. A goroutine that reads a stream of a session that ends spins in
// yamux until the stream is closed; so all readers are woken first.
type lastWords struct {
	net.Conn
	say func()
}

func (l lastWords) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if err != nil {
		l.say()
	}
	return n, err
}

// serveRPC answers requests one after another until the client ends the stream
// or an answer ends it.
func (c *conn) serveRPC(rw net.Conn) {
	defer func() { _ = rw.Close() }() // tells the client that nothing more comes
	x := newExchange(c, rw)
	for {
		req, err := x.request()
		if req == nil || !x.answered(req, err) {
			return
		}
		if stream, ok := rw.(*yamux.Stream); ok && len(req.body) > shrinkBeyond {
			stream.Shrink() // it would keep what a large request made it grow to
		}
		x.forget()
	}
}

const (
	// keepBuffer is the largest buffer that is kept for the next call, in bytes.
	keepBuffer = 1 << 20
	// shrinkBeyond is the largest request whose buffer an idle stream of yamux's
	// holds on to, in bytes.
	shrinkBeyond = 72 << 10
)
