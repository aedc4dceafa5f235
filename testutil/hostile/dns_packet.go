package main

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
)

// query is one question of a resolver's client.
type query struct {
	id      []byte
	name    string // as asked, with a dot at its end
	kind    uint16
	section []byte // the question as it came
	tcp     bool
}

// The types of records.
const (
	typeA     = 1
	typeCNAME = 5
	typeAAAA  = 28
	typeSRV   = 33
)

// parse reads a question; ok is false if it is none.
func parse(b []byte) (q query, ok bool) {
	if len(b) < 12 {
		return q, false
	}
	q.id = b[:2]
	at := 12
	for at < len(b) && b[at] != 0 {
		n := int(b[at])
		if at+1+n >= len(b) {
			return q, false
		}
		q.name += string(b[at+1:at+1+n]) + "."
		at += 1 + n
	}
	if at+5 > len(b) {
		return q, false
	}
	q.kind = binary.BigEndian.Uint16(b[at+1:])
	q.section = b[12 : at+5]
	return q, true
}

// answer is a message with flags and records, which it counts as n of them.
func (q query) answer(flags, n uint16, records []byte) []byte {
	h := append([]byte(nil), q.id...)
	for _, v := range []uint16{0x8180 | flags, 1, n, 0, 0} {
		h = binary.BigEndian.AppendUint16(h, v)
	}
	return join(h, q.section, records)
}

// rr is one record of the name that was asked for; its name is a pointer to that.
func rr(kind uint16, value []byte) []byte { return named([]byte{0xc0, 12}, kind, value) }

func named(name []byte, kind uint16, value []byte) []byte {
	b := binary.BigEndian.AppendUint16(append([]byte(nil), name...), kind)
	b = append(b, 0, 1, 0, 0, 0, 1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// domain is a name as messages have it.
func domain(name string) []byte {
	var b []byte
	for _, label := range strings.Split(strings.TrimSuffix(name, "."), ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}

// address is a record of an address on loopback: the i-th.
func address(i int) []byte { return rr(typeA, []byte{127, byte(i >> 16), byte(i >> 8), byte(i)}) }

// service is a record of a service at a port of a name.
func service(port uint16, name []byte) []byte {
	return rr(typeSRV, append([]byte{0, 0, 0, 1, byte(port >> 8), byte(port)}, name...))
}

// responder answers a question; nil is no answer.
type responder func(q query) []byte

// resolving is an attack by a resolver, over UDP and TCP alike. After its answer over TCP
// the connection stays open.
func resolving(respond responder) attack {
	return func(*stage) (target, error) {
		packets, l, err := listenBoth()
		if err != nil {
			return target{}, err
		}
		go func() {
			for b := make([]byte, 4096); ; {
				n, from, err := packets.ReadFrom(b)
				if err != nil {
					return
				}
				if q, ok := parse(append([]byte(nil), b[:n]...)); ok {
					if m := respond(q); m != nil {
						_, _ = packets.WriteTo(m[:min(len(m), 65_000)], from) // who has gone needs no answer
					}
				}
			}
		}()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					serveTCP(c, respond)
				}()
			}
		}()
		return target{Addr: packets.LocalAddr().String()}, nil
	}
}

// listenBoth listens on a port of both protocols.
func listenBoth() (packets net.PacketConn, l net.Listener, err error) {
	for range 20 { // the port may be somebody else's in the other protocol
		if packets, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
		if l, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, l, nil
		}
		_ = packets.Close() // nobody knows it
	}
	return nil, nil, err
}

// serveTCP answers questions on a connection.
func serveTCP(c net.Conn, respond responder) {
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		q, ok := parse(b)
		q.tcp = true
		if !ok {
			return
		}
		if m := respond(q); m != nil {
			m = m[:min(len(m), 65_535)]
			if !write(c, join([]byte{byte(len(m) >> 8), byte(len(m))}, m)) {
				return
			}
		}
	}
}
