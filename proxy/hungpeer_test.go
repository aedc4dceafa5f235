package proxy_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// The frames of yamux that a hung peer sends and reads.
const (
	dataFrame, windowFrame, pingFrame = 0, 1, 2
	synFlag, ackFlag                  = 1, 2
)

func frameOf(kind byte, flags uint16, stream, length uint32, body ...byte) []byte {
	b := []byte{0, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	b = binary.BigEndian.AppendUint32(b, length)
	return append(b, body...)
}

// hungPeer accepts connections and answers no call on them. What it does instead is
// its kind's.
type hungPeer struct {
	acks  bool                               // acknowledges streams
	first func(stream uint32) (frame []byte) // sent once for a request; nil: nothing is
	asked func(stream uint32) (frame []byte) // sent again and again then; nil: nothing is
	idle  []byte                             // sent again and again from the beginning
	deaf  bool                               // reads nothing behind the greeting, and answers no ping either
}

// hungPeers are servers of which bytes come in and no answer.
var hungPeers = map[string]hungPeer{
	"answers pings only": {acks: true},
	"opens no stream":    {},
	"floods pings":       {acks: true, idle: frameOf(pingFrame, synFlag, 0, 9)},
	"floods answers to pings": {
		acks: true, idle: frameOf(pingFrame, ackFlag, 0, 9),
	},
	"trickles windows": {acks: true, asked: func(stream uint32) []byte { return frameOf(windowFrame, 0, stream, 1) }},
	"trickles a reply that never ends": {
		acks:  true,
		first: func(stream uint32) []byte { return frameOf(dataFrame, 0, stream, 5, 0xdb, 0, 0x40, 0, 0) },
		asked: func(stream uint32) []byte { return frameOf(dataFrame, 0, stream, 1, 'x') },
	},
	"reads nothing, and chatters": {deaf: true, idle: frameOf(windowFrame, 0, 1, 1)},
}

// start has the peer listen until the test ends.
func (h hungPeer) start(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	over := make(chan struct{})
	conns.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				var closing sync.WaitGroup
				closing.Go(func() { <-over; _ = c.Close() })
				h.serve(c, over)
				closing.Wait()
			})
		}
	})
	t.Cleanup(func() { close(over); _ = ln.Close(); conns.Wait() })
	return ln.Addr().String()
}

// serve is one connection, until it ends.
func (h hungPeer) serve(c net.Conn, over chan struct{}) {
	out := make(chan []byte) // one goroutine writes
	var writing sync.WaitGroup
	defer writing.Wait()
	ended := make(chan struct{})
	defer close(ended)
	writing.Go(func() {
		for {
			select {
			case b := <-out:
				_, _ = c.Write(b)
			case <-ended:
				return
			case <-over:
				return
			}
		}
	})
	say := func(b []byte) {
		select {
		case out <- b:
		case <-over:
		}
	}
	again := func(b []byte) {
		writing.Go(func() {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
				case <-ended:
					return
				case <-over:
					return
				}
				say(b)
			}
		})
	}
	r := bufio.NewReader(c)
	if _, err := r.ReadByte(); err != nil { // the mode
		return
	}
	greeted, head := false, make([]byte, 12)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		flags, stream, length := binary.BigEndian.Uint16(head[2:]), binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
		switch head[1] {
		case pingFrame:
			if flags&synFlag != 0 {
				say(frameOf(pingFrame, ackFlag, 0, length))
			}
			if greeted {
				continue
			}
			if greeted = true; h.idle != nil {
				again(h.idle)
			}
			if h.deaf {
				<-over
				return
			}
		case windowFrame:
			if flags&synFlag == 0 {
				continue
			}
			if h.acks {
				say(frameOf(windowFrame, ackFlag, stream, 0))
			}
		case dataFrame:
			if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
				return
			}
			if length == 1 {
				continue // the mode: bytes that nothing has asked for end a stream
			}
			if h.first != nil {
				say(h.first(stream))
			}
			if h.asked != nil {
				again(h.asked(stream))
			}
		}
	}
}
