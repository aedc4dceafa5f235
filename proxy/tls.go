package proxy

import (
	"errors"

	"github.com/open-nomad/rpcproxy/pool"
)

// ErrForeignPool says that the connections are not the Proxy's own: what is asked
// for is for whoever made the Pinger.
var ErrForeignPool = errors.New("the connections belong to Config.Pinger: ask it")

// SetTLS replaces the credentials of the proxy's own pool while calls go on; nil
// is plain TCP. A name of servers that cfg leaves open is that of Config.Region.
// It blocks, and fails, as pool.Pool.SetTLS does, and with ErrForeignPool over a
// Pinger. An error leaves everything as it was.
func (p *Proxy) SetTLS(cfg *pool.TLSConfig) error {
	if p.pool == nil {
		return ErrForeignPool
	}
	return p.pool.SetTLS(inRegion(cfg, p.cfg.Region))
}

// inRegion is cfg for servers of the region, unless it says another.
func inRegion(cfg *pool.TLSConfig, region string) *pool.TLSConfig {
	if cfg == nil || cfg.Region != "" {
		return cfg
	}
	its := *cfg
	its.Region = region
	return &its
}
