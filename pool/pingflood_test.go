package pool_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

// A peer that pings without end and reads nothing gets no goroutine and no memory
// for it, and in the end no session.
func TestAPeerThatPingsAndReadsNothingIsCutOff(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer func() { _ = ln.Close() }()
	down := make(chan error, 1)
	p := newPool(t, pool.Config{
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetWriteBuffer(4 << 10) // the kernel keeps few answers
			}
			return conn, err
		},
	}, poolhooks.Hooks{Down: func(_ string, err error) { down <- err }})
	waits := call(within(t), p, ln.Addr().String(), "X.Y", nil)
	c, err := ln.Accept()
	noError(t, err)
	defer func() { _ = c.Close() }()
	_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
	_ = c.SetDeadline(time.Now().Add(patience))
	greeting := make([]byte, 13) // the mode and the first ping
	if _, err := io.ReadFull(c, greeting); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(frameOf(kindPing, ackFlag, 0, uint32(greeting[12]), nil)); err != nil {
		t.Fatal(err)
	}
	await(t, "the session", func() bool { return p.Stats().Sessions == 1 })
	const (
		lot  = 1000 // pings in a write
		lots = 4000 // 48 MB, many times what the kernel keeps of the answers
	)
	var pings []byte
	for range lot {
		pings = append(pings, frameOf(kindPing, synFlag, 0, 9, nil)...)
	}
	before, most, sent := runtime.NumGoroutine(), 0, 0
	for ; err == nil && sent < lots; sent++ {
		_, err = c.Write(pings)
		most = max(most, runtime.NumGoroutine()-before)
		if most > 1000 {
			t.Fatalf("%d goroutines more after %d pings", most, sent*lot)
		}
	}
	if err == nil {
		t.Fatalf("the session is still up after %d pings", sent*lot)
	}
	protocol("yamux")(t, receive(t, "the session's end", down))
	protocol("yamux")(t, receive(t, "the call", waits).err)
	t.Logf("%d pings, %d goroutines more at most", sent*lot, most)
}

func TestEveryPingOfABurstIsAnsweredInOrder(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	_ = call(within(t), p, f.addr, "X.Y", nil)
	f.opened(1)
	f.request(1)
	const burst = 200
	var pings []byte
	for i := range uint32(burst) {
		pings = append(pings, frameOf(kindPing, synFlag, 0, i, nil)...)
	}
	for range 10 {
		f.says(pings)
		for i := range uint32(burst) {
			if n := receive(t, "an answer", f.pongs); n != i {
				t.Fatalf("the answer to ping %d, want %d", n, i)
			}
		}
	}
	if st := p.Stats(); st.Sessions != 1 {
		t.Fatalf("%+v", st)
	}
}
