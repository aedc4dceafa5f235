package fleet

import (
	"errors"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// poolConfig is the configuration of the agents' pools.
func poolConfig() *poolcore.Config {
	return &poolcore.Config{
		Idle: poolcore.IdleTimeout, Silence: poolcore.SilenceLimit, Ping: poolcore.PingTimeout, Drain: poolcore.DrainTimeout, Dial: poolcore.DialTimeout, Corroborate: true,
	}
}

// poolEnv is the poolcore.Env of all agents: what it tells is of the one whose event it is.
type poolEnv struct{ *Fleet }

// Chance is the agent's.
func (e poolEnv) Chance() float64 { return e.chance.Float64() }

// Usage is how one of its sessions is used.
func (e poolEnv) Usage(session uint64) poolcore.Usage { return e.usage(session) }

// Classify tells failures apart.
func (poolEnv) Classify(err error) (timeout, credentials bool) {
	return errors.Is(err, errSilent), false
}
