package proxy

import (
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// retryTokens bound how fast calls are sent again: an attempt.TokensLeft that all of an agent's
// calls share.
type retryTokens struct{ left atomic.Int64 }

func (t *retryTokens) fill() { t.left.Store(int64(attempt.TokensAtStart)) }

// Spend takes the tokens of one retry, and reports whether there were enough.
func (t *retryTokens) Spend() bool {
	for {
		n := t.left.Load()
		rest, enough := attempt.TokensLeft(n).Spent()
		if !enough || t.left.CompareAndSwap(n, int64(rest)) {
			return enough
		}
	}
}

// refund returns what a call that succeeds does.
func (t *retryTokens) refund() {
	n := t.left.Load()
	if next := int64(attempt.TokensLeft(n).Refunded()); next != n {
		t.left.CompareAndSwap(n, next) // a lost race loses one refund
	}
}
