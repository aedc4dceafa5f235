package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// spoil is what tests make worse about agents, to see that expectations notice it.
type spoil uint8

const (
	noJitter  spoil = 1 << iota // chance always says the same
	noBackoff                   // a server that was not reached is dialed again at once, and calls hardly pause
	dialTwice                   // a dial that failed is made once more, in vain
	noHold                      // servers refuse heartbeats at once while there is no leader
)

// source is the chance that the cores of agents have.
func (s spoil) source(usual rand.Source) rand.Source {
	if s&noJitter != 0 {
		return still{}
	}
	return usual
}

// still is a source of one number: the least, as far as rand.Rand comes to an end with it.
type still struct{}

// Uint64 is for a rand.Rand.
func (still) Uint64() uint64 { return 1 << 40 }

// pause is how long a call pauses.
func (s spoil) pause(d time.Duration) time.Duration {
	if s&noBackoff != 0 {
		return min(d, 100*time.Millisecond)
	}
	return d
}

// forgets has an agent's pool forget that a server was not reached.
func (s spoil) forgets(f *Fleet, a *agent, n int16) {
	if s&noBackoff != 0 {
		f.tellPool(a, poolcore.Proven{Addr: f.servers[n].Addr})
	}
}

// again makes a dial once more that failed. Nobody waits for it.
func (s spoil) again(f *Fleet, a *agent, n int16) {
	if s&dialTwice != 0 {
		how, after := f.connect(a, n, poolcore.DialTimeout)
		f.in(after, event{agent: a.id, server: n, kind: evDialed, arg: how})
	}
}

// hold is how long servers wait for a leader.
func (s spoil) hold(d time.Duration) time.Duration {
	if s&noHold != 0 {
		return time.Millisecond
	}
	return d
}
