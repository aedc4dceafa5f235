//go:build reality

package fleet

// Models that are wrong on purpose, each in one thing.

// WithoutJitter has chance always say the same: see noJitter.
func WithoutJitter(c *Config) { c.spoil |= noJitter }

// WithoutBackoff has the agents of a run hurry: see noBackoff.
func WithoutBackoff(c *Config) { c.spoil |= noBackoff }

// DialingTwice has them dial once more after each failure: see dialTwice.
func DialingTwice(c *Config) { c.spoil |= dialTwice }

// WithoutHold has servers without a leader refuse at once: see noHold.
func WithoutHold(c *Config) { c.spoil |= noHold }
