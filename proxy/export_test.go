package proxy

import "github.com/open-nomad/rpcproxy/internal/poolhooks"

// Hooked is cfg with hooks that are called behind those of the proxy.
func Hooked(cfg Config, hooks poolhooks.Hooks) Config {
	cfg.hooks = hooks
	return cfg
}

// Tokens is what is left of p's retry tokens, in thousandths of a retry.
func Tokens(p *Proxy) int64 { return p.calls.tokens.left.Load() }

// AllTokens is what a Proxy starts with.
const AllTokens = tokensAtStart
