package mux

import (
	"bytes"
	"net"
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

func TestPortsAreFoundWhileOthersComeAndGo(t *testing.T) {
	var p Routes
	const each, hands = 512, 8
	var wg sync.WaitGroup
	for hand := range uint32(hands) {
		wg.Go(func() {
			for i := range uint32(each) {
				stream := 2*(i*hands+hand) + 1
				at := p.Add(stream)
				if at.Window.Load() != WindowSize || p.Add(stream) != at || p.Find(stream) != at {
					t.Errorf("stream %d: %+v", stream, at)
				}
				if i%2 == 0 {
					p.Remove(stream)
					p.Remove(stream) // there is none any more
					if p.Find(stream) != nil {
						t.Errorf("stream %d was removed and is there", stream)
					}
				}
			}
		})
	}
	wg.Wait()
	for i := range uint32(each) {
		for hand := range uint32(hands) {
			if at, want := p.Find(2*(i*hands+hand)+1), i%2 == 1; (at != nil) != want {
				t.Fatalf("stream %d: %v, want it there: %v", 2*(i*hands+hand)+1, at, want)
			}
		}
	}
	longest := 0
	for stream := range uint32(2 * routeShards) {
		if shard := p.shard(stream, false); shard != nil && shard.Load() != nil {
			longest = max(longest, len(*shard.Load()))
		}
	}
	if longest > each*hands/routeShards {
		t.Errorf("a list of %d: to change it costs as much", longest)
	}
}

// A frame of the peer can come before yamux has returned the stream.
func TestAStreamHasItsRouteBeforeThePeerHearsOfIt(t *testing.T) {
	c := &muxtest.Conn{}
	w := newConn(c)
	c.Wrote = func(b []byte) {
		_, stream, _ := headOf(b)
		if has := w.Routes.Find(stream) != nil; has != (stream == 7) {
			t.Errorf("stream %d has a route: %v", stream, has)
		}
	}
	write(t, w, muxtest.Head(0, muxtest.Window, muxtest.SYN, 7, 0), muxtest.Head(0, muxtest.Window, muxtest.ACK, 8, 0))
	c.Wrote = nil
	write(t, w, muxtest.Head(0, muxtest.Window, muxtest.RST, 7, 0))
	if w.Routes.Find(7) != nil {
		t.Error("the route of a stream that was reset is kept")
	}
}

// Conn.Write is made for the way in which the linked yamux calls it.
func TestYamuxOpensAndSendsByTheCallsThatConnExpects(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := newConn(near)
	s, err := Start(c, NewYamuxConfig(0))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go func() {
		if st, err := s.Open(); err == nil {
			_, _ = st.Write([]byte("body"))
		}
	}()
	b := make([]byte, 64) // a Read takes no more than one Write
	for _, want := range [][]byte{
		muxtest.Head(0, muxtest.Window, muxtest.SYN, 1, 0),
		append(muxtest.Head(0, muxtest.Data, 0, 1, 4), "body"...),
	} {
		if n, err := far.Read(b); err != nil || !bytes.Equal(b[:n], want) || c.Routes.Find(1) == nil {
			t.Fatalf("% x, %v; want % x; its route: %v", b[:n], err, want, c.Routes.Find(1))
		}
	}
}
