// Package trips has one test, of what takes how many round trips: the first call of an agent, large
// bodies, and calls beside them. yamux keeps timers for the whole process, so no second test may run
// it under a virtual clock.
package trips
