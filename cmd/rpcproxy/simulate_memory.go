package main

import (
	"os"
	"runtime/debug"
)

// simulationMemory is what a simulation of a million clients stays below, in bytes, garbage
// included. Its live memory is 2.8 GiB.
const simulationMemory = 3840 << 20

// spareCollection has the garbage collector run seldom: what a simulation makes mostly lives as
// long as it does. It leaves alone what the user has set.
func spareCollection() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(simulationMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
