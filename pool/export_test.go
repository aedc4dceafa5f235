package pool

import "time"

// Patience is how long a test waits for what must happen. It costs nothing where
// that does happen, however slow the machine is.
const Patience = 30 * time.Second

// Far puts the limits that are not given so far away that no slow machine comes
// to them: a test in which nothing is late must not depend on how soon it is run.
// The limits themselves are proven where the clock is the test's.
func Far(cfg Config) Config {
	const far = time.Hour
	for _, limit := range []*time.Duration{&cfg.DialTimeout, &cfg.SilenceLimit, &cfg.PingTimeout, &cfg.DrainTimeout} {
		if *limit == 0 {
			*limit = far
		}
	}
	return cfg
}
