package main

import (
	"net"
	"strings"
	"time"
)

// frameScenarios is frames that break the rules, or keep them in bad faith.
func frameScenarios() []scenario {
	huge := callers(calling{args: make([]byte, 600<<10)})
	scripted := func(name string, c script) scenario { return scenario{name: name, attack: c.attack()} }
	onUp := func(name string, b ...[]byte) scenario { return scripted(name, script{up: says(b...)}) }
	onOpened := func(name string, make func(id uint32) []byte) scenario {
		return scripted(name, script{open: onOpen(make)})
	}
	onAsked := func(name string, make func(a ask) []byte) scenario { return scripted(name, script{ask: onAsk(make)}) }
	list := []scenario{
		{name: "a good server", short: true, attack: script{}.attack()},
		onUp("version 1", []byte{1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}),
		onUp("version 255", []byte{255, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}),
		onUp("type 4", []byte{0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}),
		onUp("type 255 with a length", join([]byte{0, 255, 255, 255, 0, 0, 0, 1}, huge32)),
		onUp("half a head", []byte{0, 0, 0}),
		onUp("4 GiB announced for stream 1", head(dataType, 0, 1, 1<<32-1)),
		onUp("a stream opened with number 0", head(windowType, syn, 0, 0)),
		onUp("a stream opened twice", head(windowType, syn, 2, 0), head(windowType, syn, 2, 0)),
		onUp("a stream opened that the agent has", head(windowType, syn, 1, 0)),
		onUp("a departure", head(goAwayType, 0, 0, 0)),
		onUp("a departure for a protocol error", head(goAwayType, 0, 0, 1)),
		onUp("a departure for an internal error", head(goAwayType, 0, 0, 2)),
		onUp("a departure for no reason there is", head(goAwayType, 0, 0, 77)),
		onUp("a departure on a stream", head(goAwayType, syn, 4, 0)),
		onOpened("each stream reset", func(id uint32) []byte { return head(windowType, rst, id, 0) }),
		onOpened("each stream ended", func(id uint32) []byte { return head(windowType, fin, id, 0) }),
		onOpened("each stream acknowledged twice", func(id uint32) []byte { return head(windowType, ack, id, 0) }),
		onOpened("windows that overflow", func(id uint32) []byte { return many(2, head(windowType, 0, id, 1<<31)...) }),
		onOpened("an answer before the request", func(id uint32) []byte { return data(0, id, reply(1, "", goodBody)) }),
		onAsked("a departure after each request", func(a ask) []byte { return join(good(0, a), head(goAwayType, 0, 0, 0)) }),
		onAsked("a departure in place of each answer", func(ask) []byte { return head(goAwayType, 0, 0, 0) }),
		onAsked("half a body", func(a ask) []byte { return append(head(dataType, 0, a.id, 100), "abc"...) }),
		onAsked("a window overrun by one frame", func(a ask) []byte { return data(0, a.id, make([]byte, 300<<10)) }),
		onAsked("a window overrun by many frames", func(a ask) []byte { return many(300, data(0, a.id, many(1024, 0x91))...) }),
		onAsked("an announced overrun", func(a ask) []byte { return head(dataType, 0, a.id, firstWindow+1) }),
		onAsked("an answer with every flag", func(a ask) []byte { return good(15, a) }),
		onAsked("an answer with unknown flags", func(a ask) []byte { return good(0xfff0, a) }),
		onAsked("an answer that resets", func(a ask) []byte { return good(rst, a) }),
		onAsked("an answer that opens", func(a ask) []byte { return good(syn, a) }),
		onAsked("an answer that ends", func(a ask) []byte { return good(fin, a) }),
		onAsked("an answer that ends amid itself", func(a ask) []byte { return data(fin, a.id, reply(a.seq, "", goodBody)[:9]) }),
		onAsked("answers on other streams", func(a ask) []byte { a.id += 2; return good(0, a) }),
		onAsked("an answer byte by byte", func(a ask) []byte {
			var b []byte
			for _, c := range reply(a.seq, "", goodBody) {
				b = append(b, data(0, a.id, []byte{c})...)
			}
			return b
		}),
		scripted("heads that trickle", script{ask: drips(20*time.Millisecond, func(a ask) []byte { return good(0, a) })}),
		scripted("no answer to a ping", script{pong: func(*peer, uint32) {}}),
		scripted("wrong answers to pings", script{pong: func(p *peer, n uint32) { p.say(head(pingType, ack, 0, n+1)) }}),
		scripted("late answers to pings", script{pong: func(p *peer, n uint32) {
			go func() {
				p.stage.pause(1500 * time.Millisecond)
				p.say(head(pingType, ack, 0, n))
			}()
		}}),
		scripted("ends no stream that the agent ends", script{keep: true, open: onOpen(func(id uint32) []byte { return data(0, id, acknowledgement("no")) })}),
		scripted("never acknowledges", script{mute: true}),
		scripted("never acknowledges nor answers", script{mute: true, ask: func(*peer, ask) {}}),
		{name: "deaf", short: true, attack: script{deaf: true}.attack(), agent: huge},
		{name: "deaf, and chatters", attack: script{deaf: true, up: chatter}.attack(), agent: huge},
		{name: "gives no window", attack: script{more: func(*peer, uint32, int) {}}.attack(), agent: huge},
		{name: "gives a window of one byte at a time", attack: script{more: func(p *peer, id uint32, n int) {
			p.say(many(min(n, 2000), head(windowType, 0, id, 1)...))
		}}.attack(), agent: huge},
		{name: "reads a byte at a time", attack: byHand(sip), agent: huge},
		scripted("ends the connection when the agent is there", script{up: func(p *peer) { p.conn.Close() }}),
		scripted("ends the connection at each stream", script{open: func(p *peer, _ uint32) { p.conn.Close() }}),
		scripted("ends the connection at each request", script{ask: func(p *peer, _ ask) { p.conn.Close() }}),
		scripted("resets the connection at each request", script{ask: func(p *peer, _ ask) { reset(p.conn) }}),
		scripted("ends the connection after each answer", script{ask: func(p *peer, a ask) { p.say(good(0, a)); p.conn.Close() }}),
		scripted("ends the connection amid a head", script{ask: func(p *peer, a ask) { p.say(good(0, a)[:7]); p.conn.Close() }}),
		scripted("ends the connection amid a body", script{ask: func(p *peer, a ask) { p.say(good(0, a)[:20]); p.conn.Close() }}),
		{name: "ends each connection at once", short: true, attack: byHand(func(*stage, net.Conn) {})},
		{name: "resets each connection at once", attack: byHand(func(_ *stage, c net.Conn) { reset(c) })},
		{name: "silent", short: true, attack: byHand(func(s *stage, _ net.Conn) { s.hold() })},
		{name: "sends back what it gets", attack: byHand(parrot)},
	}
	for _, t := range []struct{ what, text string }{
		{"an HTTP server", "HTTP/1.1 400 Bad Request\r\nContent-Length: 1000000000\r\n\r\n"},
		{"an SSH server", "SSH-2.0-" + strings.Repeat("x", 60_000) + "\r\n"},
		{"a TLS alert", "\x15\x03\x01\x00\x02\x02\x28"},
		{"control characters", "\x1b]0;owned\a\x1b[2J\r\n"},
	} {
		list = append(list, scenario{name: "greets like " + t.what, attack: byHand(func(s *stage, c net.Conn) {
			if write(c, []byte(t.text)) {
				s.hold()
			}
		})})
	}
	return list
}

// pour sends the same byte for ever, or 64 MiB of it.
func pour(c byte) func(*stage, net.Conn) {
	return func(s *stage, conn net.Conn) {
		b := many(64<<10, c)
		for write(conn, b) && s.spend(int64(len(b)), 64*mebi) {
		}
	}
}

// chatter sends a frame now and then that means nothing.
func chatter(p *peer) {
	for p.stage.pause(10*time.Millisecond) && p.say(head(windowType, 0, 1, 1)) {
	}
}

// sip reads a byte at a time and answers nothing.
func sip(s *stage, c net.Conn) {
	for b := make([]byte, 1); s.pause(5 * time.Millisecond); {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

// parrot sends everything back.
func parrot(_ *stage, c net.Conn) {
	for b := make([]byte, 4096); ; {
		n, err := c.Read(b)
		if err != nil || !write(c, b[:n]) {
			return
		}
	}
}

// reset ends a connection so that the other side sees a reset.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // one that has ended cannot be reset
	}
	c.Close()
}
