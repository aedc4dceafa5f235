package main

import "time"

// flood sends frames without a pause, total of them over all connections. Each gets
// its number on its connection.
func flood(total int, frame func(i int) []byte) func(*peer) {
	return func(p *peer) {
		const batch = 500
		for i := 0; ; i += batch {
			var b []byte
			for k := range batch {
				b = append(b, frame(i+k)...)
			}
			if !p.say(b) || !p.stage.spend(batch, int64(total)) {
				return
			}
		}
	}
}

// each is flood with the same frame every time.
func each(total int, frame []byte) func(*peer) {
	return flood(total, func(int) []byte { return frame })
}

// says sends b once.
func says(b ...[]byte) func(*peer) { return func(p *peer) { p.say(b...) } }

// onOpen sends, for each stream that the agent opens, what make makes of its number.
func onOpen(make func(id uint32) []byte) func(*peer, uint32) {
	return func(p *peer, id uint32) { p.say(make(id)) }
}

// onAsk does so for each request.
func onAsk(make func(a ask) []byte) func(*peer, ask) {
	return func(p *peer, a ask) { p.say(make(a)) }
}

// good is a whole good answer with some flags.
func good(flags uint16, a ask) []byte { return data(flags, a.id, reply(a.seq, "", goodBody)) }

// even is the number of a stream of the server's: the i-th on its connection.
func even(i int) uint32 { return uint32(2 * (i + 1)) }

// drips sends what make makes of a request, a byte at a time.
func drips(every time.Duration, make func(a ask) []byte) func(*peer, ask) {
	return func(p *peer, a ask) {
		b := make(a)
		go p.stage.slowly(p.conn, b, every)
	}
}
