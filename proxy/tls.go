package proxy

import (
	"context"

	"github.com/open-nomad/rpcproxy/pool"
)

// SetTLS replaces the credentials of the proxy's own pool while calls go on; nil
// is plain TCP. If cfg has no Region, Config.Region counts. It blocks, and fails, as
// pool.Pool.SetTLS does, and with ErrForeignPool over a Pinger: what servers must show to be
// trusted is in force at once, and calls leave those that are not trusted any more; the
// certificate of this side is in force when a server that is trusted takes it.
func (p *Proxy) SetTLS(ctx context.Context, cfg *pool.TLSConfig) error {
	if p.pool == nil {
		return ErrForeignPool
	}
	return p.pool.SetTLS(ctx, inRegion(cfg, p.cfg.Region))
}

// OfferTLS is SetTLS that does not give up: cfg is offered to servers until one accepts
// it, as pool.Pool.OfferTLS does; what servers must show is in force at once. It waits for no server. If cfg has no Region,
// Config.Region counts. The errors are those of pool.Pool.OfferTLS, and ErrForeignPool
// over a Pinger.
func (p *Proxy) OfferTLS(cfg *pool.TLSConfig) error {
	if p.pool == nil {
		return ErrForeignPool
	}
	return p.pool.OfferTLS(inRegion(cfg, p.cfg.Region))
}

// OfferedTLS reports whether credentials are on offer that no server has accepted yet, and
// why, as pool.Pool.OfferedTLS does. Over a Pinger there are none. It neither blocks
// nor allocates.
func (p *Proxy) OfferedTLS() (pending bool, reason error) {
	if p.pool == nil {
		return false, nil
	}
	return p.pool.OfferedTLS()
}

// inRegion returns cfg with the region, unless cfg has one.
func inRegion(cfg *pool.TLSConfig, region string) *pool.TLSConfig {
	if cfg == nil || cfg.Region != "" {
		return cfg
	}
	dup := *cfg
	dup.Region = region
	return &dup
}
