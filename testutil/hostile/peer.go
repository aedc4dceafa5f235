package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// The types of frames, and their flags.
const (
	dataType   = 0
	windowType = 1
	pingType   = 2
	goAwayType = 3

	syn = 1
	ack = 2
	fin = 4
	rst = 8
)

// firstWindow is what each side may send on a new stream, in bytes.
const firstWindow = 256 << 10

// head is a frame's head, which announces length, whatever follows.
func head(kind byte, flags uint16, id, length uint32) []byte {
	b := []byte{0, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, length)
}

// data is a whole frame with a body.
func data(flags uint16, id uint32, body []byte) []byte {
	return append(head(dataType, flags, id, uint32(len(body))), body...)
}

// script is how a peer behaves; where it says nothing, as a server does.
type script struct {
	up   func(*peer)                     // once per connection, in a goroutine, when the agent's first ping is answered
	open func(p *peer, id uint32)        // for each stream that the agent opens
	ask  func(p *peer, a ask)            // for each request, in place of an answer
	more func(p *peer, id uint32, n int) // for all data that comes in, in place of giving the window back
	pong func(p *peer, n uint32)         // for each ping, in place of its answer
	deaf bool                            // reads nothing once the first ping is answered
	mute bool                            // acknowledges no stream
	keep bool                            // ends no stream that the agent ends
}

// attack makes the script one.
func (c script) attack() attack {
	return byHand(func(s *stage, conn net.Conn) { c.serve(s, conn) })
}

// serve speaks with the agent on a connection, from the first byte on.
func (c script) serve(s *stage, conn net.Conn) {
	p := &peer{script: c, stage: s, conn: conn, gone: make(chan struct{}), credit: make([]atomic.Int64, 1<<15)}
	defer close(p.gone)
	p.read()
}

// peer is the server's side of one session.
type peer struct {
	script
	stage  *stage
	conn   net.Conn
	gone   chan struct{} // closed when nothing is read any more
	credit []atomic.Int64
}

// ask is one request of the agent.
type ask struct {
	id        uint32
	seq       uint64
	method    string
	streaming bool // the opening of a streaming call
}

// say writes all of it at once, so that frames of several goroutines stay whole. It
// reports whether that was taken.
func (p *peer) say(parts ...[]byte) bool {
	if len(parts) == 1 {
		return write(p.conn, parts[0])
	}
	return write(p.conn, slices.Concat(parts...))
}

// read reads until the connection ends.
func (p *peer) read() {
	r := bufio.NewReaderSize(p.conn, 64<<10)
	if mode, err := r.ReadByte(); err != nil || mode != 6 {
		return
	}
	requests := make(map[uint32]*request)
	greeted := false
	var h [12]byte
	for {
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return
		}
		flags, id, n := binary.BigEndian.Uint16(h[2:]), binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
		switch h[1] {
		case pingType:
			if flags&syn == 0 {
				continue
			}
			if p.pong != nil {
				p.pong(p, n)
			} else {
				p.say(head(pingType, ack, 0, n))
			}
			if greeted {
				continue
			}
			greeted = true
			if p.up != nil {
				go p.up(p)
			}
			if p.deaf {
				p.stage.hold()
				return
			}
		case windowType:
			if flags&syn != 0 {
				p.window(id).Store(firstWindow)
				if !p.mute {
					p.say(head(windowType, ack, id, 0))
				}
				if p.open != nil {
					p.open(p, id)
				}
			}
			p.window(id).Add(int64(n))
			p.ends(requests, flags, id)
		case dataType:
			body := make([]byte, n)
			if _, err := io.ReadFull(r, body); err != nil {
				return
			}
			p.take(requests, id, body)
			p.ends(requests, flags, id)
		}
	}
}

// ends forgets a stream that the agent ends, and ends it as well.
func (p *peer) ends(requests map[uint32]*request, flags uint16, id uint32) {
	if flags&(fin|rst) == 0 {
		return
	}
	delete(requests, id)
	if flags&fin != 0 && !p.keep {
		p.say(head(windowType, fin, id, 0))
	}
}

// take looks at what came in on a stream.
func (p *peer) take(requests map[uint32]*request, id uint32, body []byte) {
	if p.more != nil {
		p.more(p, id, len(body))
	} else if len(body) > 1 {
		p.say(head(windowType, 0, id, uint32(len(body))))
	}
	if id%2 == 0 {
		return // an answer of the agent
	}
	q := requests[id]
	if q == nil {
		q = new(request)
		requests[id] = q
	}
	q.came = append(q.came, body...)
	for {
		a, ok := q.next()
		if !ok {
			return
		}
		a.id = id
		if p.ask != nil {
			p.ask(p, a)
		} else {
			p.answer(a, goodBody)
		}
	}
}

// window is what the agent lets the peer send on a stream.
func (p *peer) window(id uint32) *atomic.Int64 { return &p.credit[int(id)%len(p.credit)] }

// answer answers a request well, with a body.
func (p *peer) answer(a ask, body []byte) {
	if a.streaming {
		p.say(data(0, a.id, acknowledgement("")))
		return
	}
	p.say(data(0, a.id, reply(a.seq, "", body)))
}

// send sends what the window allows, and the rest as it is given back. It blocks, and
// reports whether all was taken.
func (p *peer) send(id uint32, b []byte) bool {
	for len(b) > 0 {
		w := p.window(id)
		n := min(int64(len(b)), w.Load(), 64<<10)
		if n <= 0 {
			select {
			case <-p.gone:
				return false
			case <-p.stage.ctx.Done():
				return false
			case <-time.After(time.Millisecond):
			}
			continue
		}
		w.Add(-n)
		if !p.say(data(0, id, b[:n])) {
			return false
		}
		b = b[n:]
	}
	return true
}

// begin opens a stream towards the agent, with what is sent on it first.
func (p *peer) begin(id uint32, b []byte) bool {
	p.window(id).Store(firstWindow - int64(len(b)))
	return p.say(head(windowType, syn, id, 0), data(0, id, b))
}
