package poolcore

import "time"

// What the configuration of a pool is where it says nothing. These are the defaults of the
// fields of pool.Config that have the same names, which says what they mean.
const (
	DialTimeout  = 2 * time.Second
	SilenceLimit = time.Second
	PingTimeout  = 2 * time.Second
	HoldTimeout  = time.Minute
	IdleTimeout  = 2 * time.Minute
	DrainTimeout = 30 * time.Second
)
