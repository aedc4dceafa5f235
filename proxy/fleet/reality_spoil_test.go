//go:build reality

package fleet

// WithoutBackoff has the agents of a run hurry: see noBackoff.
func WithoutBackoff(c *Config) { c.spoil |= noBackoff }
