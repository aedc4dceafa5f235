package proxy

// Tokens is what is left of p's retry budget, in thousandths of a retry.
func Tokens(p *Proxy) int64 { return p.budget.tokens.Load() }

// AllTokens is a budget of which nothing was spent.
const AllTokens = budgetSize
