package pool

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

// check is the result of verifying the servers of sessions again.
type check struct {
	under      *credentials.Credentials
	trusted    []uint64
	distrusted []uint64
	why        error // of the first that is not trusted
	server     string
}

// recheck verifies the servers of all sessions that there are by the credentials in force, by
// what they showed when the sessions were made.
func (o *owner) recheck(now time.Time) {
	all := make([]*connection, 0, len(o.live))
	for _, s := range o.live {
		all = append(all, s)
	}
	o.verify(now, all)
}

// verify verifies the servers of sessions, in a goroutine of its own: that may take long.
func (o *owner) verify(now time.Time, sessions []*connection) {
	c := &check{under: o.pool.creds.Load()}
	var open []*connection
	for _, s := range sessions {
		if s.trust.under == c.under.Trusts() {
			c.trusted = append(c.trusted, s.ID)
			continue
		}
		if open = append(open, s); s.trust.unsure.IsZero() {
			s.trust.unsure = now
		}
	}
	if len(sessions) == 0 {
		return
	}
	o.self.Go(func(ctx context.Context) {
		for _, s := range open {
			err := c.under.Accept(s.peer)
			if err == nil {
				c.trusted = append(c.trusted, s.ID)
				continue
			}
			if c.distrusted = append(c.distrusted, s.ID); c.why == nil {
				c.why, c.server = err, s.Addr
			}
		}
		_ = o.tell(ctx, &mail{check: c})
	})
}

// takeCheck takes the result, unless other servers are trusted meanwhile: then there is
// another check.
func (o *owner) takeCheck(now time.Time, c *check) {
	if o.pool.creds.Load().Trusts() != c.under.Trusts() {
		return
	}
	for _, id := range c.trusted {
		o.on(id, func(s *connection) { s.trust = trust{under: c.under.Trusts()} })
	}
	m := poolcore.Checked{Trusted: c.trusted}
	for _, id := range c.distrusted {
		o.on(id, func(s *connection) {
			m.Distrusted = append(m.Distrusted, poolcore.Distrusted{Session: id, Since: s.trust.unsure})
		})
	}
	if len(m.Distrusted) > 0 {
		o.pool.log.Warn().Int("sessions", len(m.Distrusted)).Str("server", c.server).Err(c.why).
			Msg("sessions end whose servers the TLS credentials in force do not trust")
	}
	o.step(now, m)
}
