package pool_test

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// halting is a connection of which no more than so many bytes are read until let.
type halting struct {
	net.Conn
	room int
	let  <-chan struct{}
}

func (h *halting) Read(b []byte) (int, error) {
	if h.room <= 0 {
		<-h.let
		return h.Conn.Read(b)
	}
	n, err := h.Conn.Read(b[:min(len(b), h.room)])
	h.room -= n
	return n, err
}

// startRoomyServer is a server whose streams have room for so many bytes; it hands
// each streaming call to serve once it has acknowledged it. The kernel keeps little
// of what its clients send. It reads no more than 1 MiB until let.
func startRoomyServer(tb testing.TB, window uint32, let <-chan struct{}, serve func(io.ReadWriter)) (addr string) {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(tb, err)
	var all sync.WaitGroup
	handle := func(st *yamux.Stream) {
		defer func() { _ = st.Close() }()
		mode := make([]byte, 1)
		if _, err := io.ReadFull(st, mode); err != nil || mode[0] != wire.ModeStreaming {
			return
		}
		r := wire.NewReader(st)
		if _, err := r.Value(1 << 16); err != nil {
			return
		}
		if rest := r.Rest(); len(rest) > 0 {
			tb.Errorf("%q before the acknowledgement", rest)
		}
		if _, err := st.Write(wire.AppendAck(nil, "")); err == nil {
			serve(st)
		}
	}
	all.Go(func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_ = c.(*net.TCPConn).SetReadBuffer(64 << 10)
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			return
		}
		cfg := yamux.DefaultConfig()
		cfg.LogOutput = io.Discard
		cfg.EnableKeepAlive = false
		cfg.MaxStreamWindowSize = window
		session, err := yamux.Server(&halting{c, 1 << 20, let}, cfg)
		if err != nil {
			tb.Error(err)
			return
		}
		for {
			st, err := session.AcceptStream()
			if err != nil {
				return
			}
			all.Go(func() { handle(st) })
		}
	})
	tb.Cleanup(func() { // behind the pool's end, which ends the session
		_ = ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// letGo is for a server that reads as it comes.
func letGo() <-chan struct{} {
	let := make(chan struct{})
	close(let)
	return let
}

// tight connects with a small buffer to send from.
func tight(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(64 << 10)
	}
	return conn, err
}

// A server may give its streams more room than may wait here.
func TestOneWriteFillsAWindowOfAnySizeAndTheSessionStays(t *testing.T) {
	const size, window = 15 << 20, 16 << 20
	sums := make(chan uint32, 1)
	addr := startRoomyServer(t, window, letGo(), func(c io.ReadWriter) {
		h := crc32.NewIEEE()
		if n, err := io.Copy(h, c); n != size || err != nil {
			t.Errorf("%d bytes came in, %v", n, err)
		}
		sums <- h.Sum32()
	})
	p := newPool(t, pool.Config{Dial: tight})
	c := openStream(t, p, addr, "Test.Sink")
	_ = c.SetDeadline(time.Time{})
	b := bytes.Repeat(noise(3), size/noiseSize+1)[:size]
	if n, err := c.Write(b); n != size || err != nil {
		t.Fatalf("%d of %d bytes, %v", n, size, err)
	}
	_ = c.Close()
	if sum := receive(t, "the sum", sums); sum != crc32.ChecksumIEEE(b) {
		t.Fatalf("other bytes came in")
	}
	if st := p.Stats(); st.Sessions != 1 || st.Dials != 1 {
		t.Fatalf("%+v", st)
	}
}

// What is written at once stays together, also where it is more than one frame.
func TestWritesOfSeveralAtOnceDoNotMix(t *testing.T) {
	const writers, rounds, size = 4, 4, 300 << 10
	blocks := make(chan error, 1)
	addr := startRoomyServer(t, 1<<20, letGo(), func(c io.ReadWriter) {
		b := make([]byte, size)
		for range writers * rounds {
			if _, err := io.ReadFull(c, b); err != nil || !bytes.Equal(b, bytes.Repeat(b[:1], size)) {
				blocks <- errors.Join(err, errors.New("a block that is not one writer's"))
				return
			}
		}
		blocks <- nil
	})
	p := newPool(t, pool.Config{Dial: tight})
	c := openStream(t, p, addr, "Test.Sink")
	_ = c.SetDeadline(time.Time{})
	var wg sync.WaitGroup
	for i := range byte(writers) {
		b := bytes.Repeat([]byte{'a' + i}, size)
		wg.Go(func() {
			for range rounds {
				if n, err := c.Write(b); n != size || err != nil {
					t.Errorf("%d bytes, %v", n, err)
				}
			}
		})
	}
	if err := receive(t, "the blocks", blocks); err != nil {
		t.Error(err)
		_ = c.Close()
	}
	wg.Wait()
}

// The peer has room for all of it; only the transport is slow. What has been
// counted has been sent, and nothing else.
func TestAWriteEndsAlsoWhereOnlyTheTransportIsSlow(t *testing.T) {
	const size = 12 << 20
	for name, c := range map[string]struct {
		end  func(net.Conn) error
		want error
	}{
		"with its deadline": {func(c net.Conn) error { return c.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"with Close":        {net.Conn.Close, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			let, got := make(chan struct{}), make(chan int64, 1)
			addr := startRoomyServer(t, 16<<20, let, func(c io.ReadWriter) {
				n, _ := io.Copy(io.Discard, c)
				got <- n
			})
			p := newPool(t, pool.Config{Dial: tight})
			s := openStream(t, p, addr, "Test.Sink")
			_ = s.SetDeadline(time.Time{})
			before, wrote := p.Stats().BytesOut, make(chan int, 1)
			go func() {
				n, err := s.Write(make([]byte, size))
				if !errors.Is(err, c.want) {
					t.Errorf("%d bytes, %v", n, err)
				}
				wrote <- n
			}()
			await(t, "the writer", func() bool { return p.Stats().BytesOut > before+1<<19 })
			noError(t, c.end(s))
			close(let)
			n := receive(t, "the count", wrote)
			_ = s.Close()
			if there := receive(t, "the server's count", got); n == 0 || n == size || int64(n) != there {
				t.Fatalf("%d bytes of %d were counted, %d came in", n, size, there)
			}
		})
	}
}
