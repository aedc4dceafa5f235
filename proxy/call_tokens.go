package proxy

import "sync/atomic"

// budget bounds how fast calls are sent again, so that retries do not multiply
// the load of a cluster in trouble. Sending a call again that has reached a
// server costs a token, a call that succeeds brings a part of one back; without
// tokens the pauses are long.
type budget struct {
	tokens atomic.Int64 // in thousandths
}

const (
	budgetSize   = 1000 * 1000 // a thousand retries from the start
	retryCost    = 1000
	successGains = 100
)

func (b *budget) fill() { b.tokens.Store(budgetSize) }

// Spend takes one retry's worth, or answers false if there is none.
func (b *budget) Spend() bool {
	for n := b.tokens.Load(); n >= retryCost; n = b.tokens.Load() {
		if b.tokens.CompareAndSwap(n, n-retryCost) {
			return true
		}
	}
	return false
}

// gain brings back a success's worth.
func (b *budget) gain() {
	if n := b.tokens.Load(); n < budgetSize {
		b.tokens.CompareAndSwap(n, min(n+successGains, budgetSize)) // a lost race loses a gain
	}
}
