package doctor

import (
	"context"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// Config says what to look at. Servers are needed; the zero value of the rest works.
type Config struct {
	Servers []messages.Server
	Region  string          // that the servers are expected to be of; empty: "global"
	Token   string          // the ACL token; empty: none
	TLS     *pool.TLSConfig // nil: plain TCP

	Dial     func(ctx context.Context, network, addr string) (net.Conn, error) // nil: TCP
	Resolver *net.Resolver                                                     // nil: that of package net

	// HTTPPort is where the servers have their HTTP API, whose clock is read. Zero: 4646,
	// Nomad's default. Negative: no clock is read.
	HTTPPort int
	// Timeout bounds what is done about one server, all of which are looked at at the same
	// time; half of it is added for the addresses that they advertise. Zero: 3 s.
	Timeout time.Duration

	Limits Limits
}

// Limits say what is a finding.
type Limits struct {
	Expiry time.Duration // a certificate that ends sooner; zero: 14 days
	Slow   time.Duration // a round trip that takes longer; zero: 250 ms
	Clock  time.Duration // a clock that differs by more; zero: 5 s
}

func (c Config) withDefaults() Config {
	if c.Region == "" {
		c.Region = "global"
	}
	if c.HTTPPort == 0 {
		c.HTTPPort = 4646
	}
	after := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	after(&c.Timeout, 3*time.Second)
	after(&c.Limits.Expiry, 14*24*time.Hour)
	after(&c.Limits.Slow, 250*time.Millisecond)
	after(&c.Limits.Clock, 5*time.Second)
	return c
}

// The parts of the Timeout. What begins later has what is left of the whole.
func (c Config) nameLimit() time.Duration    { return c.Timeout / 3 }
func (c Config) connectLimit() time.Duration { return c.Timeout / 2 }
func (c Config) doorLimit() time.Duration    { return c.Timeout / 3 }

// unprovokedLimit is how long a server is watched that hung up: real ones wait 5 s for a
// first byte, and hang up at once where they have too many connections.
func (c Config) unprovokedLimit() time.Duration { return min(c.Timeout/10, 4*time.Second) }

// elsewhereLimit is for the addresses that servers advertise.
func (c Config) elsewhereLimit() time.Duration { return c.Timeout / 2 }

// expectations are what Judge has to know of a Config.
func (c Config) expectations() Expectations {
	e := Expectations{Region: c.Region, Token: c.Token != "", Limits: c.Limits}
	if c.TLS != nil {
		e.TLS, e.Shows = true, c.TLS.CertFile != "" || len(c.TLS.CertPEM) > 0
	}
	return e
}
