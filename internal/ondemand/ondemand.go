package ondemand

import "sync/atomic"

// Get is what place points to. Where that is nothing it points to what create returns from then on: of
// several goroutines that come first each may call create, and all get the same value. place must not
// become nil again.
func Get[T any](place *atomic.Pointer[T], create func() *T) *T {
	if at := place.Load(); at != nil {
		return at
	}
	place.CompareAndSwap(nil, create())
	return place.Load()
}
