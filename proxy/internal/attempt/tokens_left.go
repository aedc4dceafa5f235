package attempt

// TokensLeft is how many retry tokens an agent has, in thousandths. They bound how fast its calls
// are sent again, so that retries do not multiply the load of a cluster in trouble: sending
// a call again that has reached a server costs one token, a call that succeeds returns a
// part of one, and without tokens the pauses are long.
type TokensLeft int64

const (
	// TokensAtStart is also the most: a thousand retries.
	TokensAtStart TokensLeft = 1000 * tokensPerRetry

	tokensPerRetry = 1000
	tokensReturned = 100 // by each call that succeeds
)

// Spent is what one retry leaves, and whether there was enough for it.
func (t TokensLeft) Spent() (TokensLeft, bool) {
	if t < tokensPerRetry {
		return t, false
	}
	return t - tokensPerRetry, true
}

// Refunded is what there is after a call that succeeded.
func (t TokensLeft) Refunded() TokensLeft { return min(t+tokensReturned, TokensAtStart) }
