package proxy

import "sync/atomic"

// retryTokens bound how fast calls are sent again, so that retries do not multiply the load
// of a cluster in trouble. Sending a call again that has reached a server costs one token, a
// call that succeeds returns a part of one; without tokens the pauses are long.
type retryTokens struct {
	left atomic.Int64 // in thousandths
}

const (
	tokensAtStart  = 1000 * 1000 // a thousand retries
	tokensPerRetry = 1000
	tokensReturned = 100 // by each call that succeeds
)

func (t *retryTokens) fill() { t.left.Store(tokensAtStart) }

// Spend takes the tokens of one retry, and reports whether there were enough.
func (t *retryTokens) Spend() bool {
	for n := t.left.Load(); n >= tokensPerRetry; n = t.left.Load() {
		if t.left.CompareAndSwap(n, n-tokensPerRetry) {
			return true
		}
	}
	return false
}

// refund returns what a call that succeeds does.
func (t *retryTokens) refund() {
	if n := t.left.Load(); n < tokensAtStart {
		t.left.CompareAndSwap(n, min(n+tokensReturned, tokensAtStart)) // a lost race loses one refund
	}
}
