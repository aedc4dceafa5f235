// Package elsewhere stands for somebody else's code: it may use locks.
package elsewhere

import "sync"

// Lock hides a mutex behind another name.
type Lock = sync.Mutex

// Guarded has a mutex inside, which is its own affair.
type Guarded struct {
	sync.Mutex
	N int
}

// New hands out a mutex.
func New() *sync.Mutex { return new(sync.Mutex) }

// Shared is a mutex to use.
var Shared sync.Mutex
