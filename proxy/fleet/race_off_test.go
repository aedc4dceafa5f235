//go:build !race

package fleet

// raced is whether the race detector is on: a simulation is ten times as slow with it.
const raced = false
