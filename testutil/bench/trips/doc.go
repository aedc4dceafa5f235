// Package trips has a test of how many round trips pass from the start of an agent to its first
// answer, and nothing else: yamux keeps timers for the whole process, so no second test may run
// it under a virtual clock.
package trips
