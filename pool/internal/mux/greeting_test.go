package mux

import (
	"bytes"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// A process that serves agents finds out by the first ping whether its peer does so too. Nobody
// else takes part: a server repeats any number.
func TestTheFirstPingFindsOutWhetherThePeerServesAgents(t *testing.T) {
	for _, row := range []struct {
		relays, accepts bool   // of this side, and of the peer
		sent, answered  uint32 // numbers of the ping
	}{
		{sent: greeting, answered: greeting},
		{accepts: true, sent: greeting, answered: greeting},
		{relays: true, sent: relayGreeting, answered: relayGreeting},
		{relays: true, accepts: true, sent: relayGreeting, answered: relayAnswer},
	} {
		here, there := newConn(&muxtest.Conn{}), newConn(&muxtest.Conn{})
		here.cfg.Relays, there.cfg.Accepts = row.relays, row.accepts
		_, _, sent := headOf(here.greets(muxtest.Head(0, muxtest.Ping, muxtest.SYN, 0, 0)))
		if answered := there.answerTo(sent); sent != row.sent || answered != row.answered {
			t.Errorf("%+v: %x was sent, %x answered", row, sent, answered)
		}
		answer := muxtest.Head(0, muxtest.Ping, muxtest.ACK, 0, row.answered)
		here.greeted(answer)
		if want := muxtest.Head(0, muxtest.Ping, muxtest.ACK, 0, 0); !bytes.Equal(answer, want) {
			t.Errorf("%+v: yamux gets % x", row, answer)
		}
		if here.ToRelay() != (row.relays && row.accepts) {
			t.Errorf("%+v: the peer serves agents: %v", row, here.ToRelay())
		}
	}
}
