// Package state is the rules of what happens to servers: what a crash, a start and the other
// events of a scenario leave of what was before. The simulated servers go by them, and so does
// what looks whether the events of a scenario make sense.
package state
