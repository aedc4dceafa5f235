package proxy

// Tokens is what is left of p's retry tokens, in thousandths of a retry.
func Tokens(p *Proxy) int64 { return p.calls.tokens.left.Load() }

// AllTokens is what a Proxy starts with.
const AllTokens = tokensAtStart
