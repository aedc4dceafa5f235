package fleet

import "time"

// Mark is an event of a scenario, as a plot shows it.
type Mark struct {
	At   time.Duration // since the run began
	Text string
}
