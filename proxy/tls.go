package proxy

import (
	"context"

	"github.com/open-nomad/rpcproxy/pool"
)

// SetTLS replaces the credentials of the proxy's own pool while calls go on; nil
// is plain TCP. A name of servers that cfg leaves open is that of Config.Region.
// It blocks, and fails, as pool.Pool.SetTLS does, and with ErrForeignPool over a
// Pinger. An error leaves everything as it was.
func (p *Proxy) SetTLS(cfg *pool.TLSConfig) error {
	if p.pool == nil {
		return ErrForeignPool
	}
	return p.pool.SetTLS(context.Background(), inRegion(cfg, p.cfg.Region))
}

// OfferTLS is SetTLS that does not give up: cfg is offered to servers until one takes
// it, as pool.Pool.OfferTLS does. It waits for no server. A name of servers that cfg
// leaves open is that of Config.Region. The errors are those of pool.Pool.OfferTLS,
// and ErrForeignPool over a Pinger.
func (p *Proxy) OfferTLS(cfg *pool.TLSConfig) error {
	if p.pool == nil {
		return ErrForeignPool
	}
	return p.pool.OfferTLS(inRegion(cfg, p.cfg.Region))
}

// OfferedTLS says whether credentials are on offer that no server has taken yet, and
// why, as pool.Pool.OfferedTLS does. Over a Pinger there are none. It neither blocks
// nor allocates.
func (p *Proxy) OfferedTLS() (pending bool, untaken error) {
	if p.pool == nil {
		return false, nil
	}
	return p.pool.OfferedTLS()
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
