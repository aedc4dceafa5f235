package stockagent

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// The beginnings of a call and of its answer.
type (
	requestHeader struct {
		Seq           uint64
		ServiceMethod string
	}
	responseHeader struct {
		Error         string
		Seq           uint64
		ServiceMethod string
	}
)

// listen serves the streams that a server opens on a session, in use or not, until it
// ends.
func (a *Agent) listen(ctx context.Context, one *session) {
	for {
		stream, err := one.AcceptStream()
		if err != nil {
			break
		}
		served := a.do(func(s *state) {
			one.busy++
			s.self.Go(func(ctx context.Context) {
				defer a.release(one)
				a.serve(ctx, one, stream)
			})
		})
		if !served {
			_ = stream.Close() // the agent has ended
		}
	}
	a.do(func(s *state) { delete(s.open, one) })
}

// serve answers on one stream of a server.
func (a *Agent) serve(ctx context.Context, one *session, stream *yamux.Stream) {
	defer func() { _ = stream.Close() }() // nothing more comes
	if set := a.faults.Load(); set.has(faultMuteReverse) {
		a.do(func(s *state) { s.stats.Held++ })
		select {
		case <-set.healed:
		case <-one.CloseChan():
		}
		a.do(func(s *state) { s.stats.Held-- })
		return
	}
	if a.faults.Load().find(faultResetStreams, "") != nil {
		return
	}
	var mode [1]byte
	if _, err := io.ReadFull(stream, mode[:]); err != nil {
		return
	}
	switch mode[0] {
	case plainclient.ModeRPC:
		a.serveCalls(ctx, stream)
	case plainclient.ModeStreaming:
		a.serveStreaming(ctx, stream)
	}
}

// serveCalls answers one call after the other.
func (a *Agent) serveCalls(ctx context.Context, stream net.Conn) {
	in := codec.NewDecoder(bufio.NewReader(stream), handle)
	for {
		var h requestHeader
		if in.Decode(&h) != nil {
			return
		}
		answer, reply, read := responseHeader{Seq: h.Seq, ServiceMethod: h.ServiceMethod}, any(nil), false
		decode := func(args any) error {
			if read = true; args == nil {
				args = new(any)
			}
			return in.Decode(args)
		}
		err := error(nil)
		if answerCall := a.cfg.Handlers.Calls[h.ServiceMethod]; answerCall == nil {
			answer.Error = "rpc: can't find service " + h.ServiceMethod
		} else if reply, err = answerCall(ctx, decode); err != nil {
			answer.Error = err.Error()
		}
		if !read && decode(nil) != nil {
			return
		}
		if answer.Error != "" || reply == nil {
			reply = struct{}{}
		}
		a.do(func(s *state) { s.stats.ReverseCalls++ })
		if writeBoth(stream, answer, reply) != nil {
			return
		}
	}
}

// writeBoth sends two values at once.
func writeBoth(w io.Writer, first, second any) error {
	var out bytes.Buffer
	e := codec.NewEncoder(&out, handle)
	if err := e.Encode(first); err != nil {
		return err
	}
	if err := e.Encode(second); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}

// lastFrame is how long a server may take to accept the frame that ends a stream.
const lastFrame = 10 * time.Second

// serveStreaming is one streaming call: header, acknowledgement, request, frames.
func (a *Agent) serveStreaming(ctx context.Context, stream net.Conn) {
	r := bufio.NewReader(stream)
	var h streamHeader
	if codec.NewDecoder(r, handle).Decode(&h) != nil {
		return
	}
	answer, ack := a.cfg.Handlers.Streams[h.Method], streamAck{}
	if answer == nil {
		ack.Error = fmt.Sprintf("Unknown rpc method: %q", h.Method)
	}
	if codec.NewEncoder(stream, handle).Encode(ack) != nil || answer == nil {
		return
	}
	if err := answer(ctx, &buffered{Conn: stream, r: r}); err != nil {
		_ = stream.SetWriteDeadline(time.Now().Add(lastFrame)) // a closed stream fails to write
		_ = testutil.WriteFrame(stream, testutil.StreamFrame{Error: testutil.AsStreamError(err)})
	}
	a.do(func(s *state) { s.stats.ReverseStreams++ })
}

// buffered reads what r holds before the rest.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }
