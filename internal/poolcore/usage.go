package poolcore

import "github.com/open-nomad/rpcproxy/internal/moment"

// usage is a Usage in the time of a core.
type usage struct {
	busy, surplus, pinged                                    bool
	used, accepted, heard, sending, answered, bulk, unopened moment.Time
}

// usage is how a session is used now.
func (c *Core) usage(id uint64) usage {
	u, of := c.env.Usage(id), c.cfg.clock.Of
	return usage{
		busy: u.Busy, surplus: u.Surplus, pinged: u.Pinged,
		used: of(u.Used), accepted: of(u.Accepted), heard: of(u.Heard), sending: of(u.Sending),
		answered: of(u.Answered), bulk: of(u.Bulk), unopened: of(u.Unopened),
	}
}
