package pool

import "fmt"

// pongsLimit is how many answers to the peer's pings may wait to go out. Who pings
// waits for the answer before it pings again, so a peer that comes here takes none.
// An answer that is being written does not count: the peer may have it already, and
// the goroutine that writes it may be long in saying so.
const pongsLimit = 256

// pong answers a ping of the peer's. yamux would start a goroutine for each, which
// stays for long where nothing goes out: a peer that pings and reads nothing would
// make as many as it likes. Only the reading goroutine calls it.
func (t *tap) pong(number uint32) error {
	in := &t.reading
	for len(in.pongs) > 0 && !in.pongs[0].queued() {
		in.pongs = in.pongs[1:] // they go out in order
	}
	switch len(in.pongs) {
	case 0:
		in.pongs = nil
	case pongsLimit:
		return t.violated(fmt.Sprintf("ping %d, and %d before it whose answers were not taken", number, pongsLimit))
	}
	f := &outgoing{bytes: make([]byte, frameHead)}
	putHead(f.bytes, framePing, flagACK, 0, number)
	if t.send(f); f.queued() {
		in.pongs = append(in.pongs, f)
	}
	return nil
}
