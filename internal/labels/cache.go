package labels

import (
	"maps"
	"sync/atomic"
)

// Cache keeps what was made of keys, such as the label sets of metrics, so that it is made
// once for each. It grows with the number of keys, which the caller bounds. The zero value is
// empty. Its methods may be called by many goroutines; the map is replaced, never changed.
type Cache[K comparable, V any] struct{ made atomic.Pointer[map[K]V] }

// Of is what was made of a key. Where many goroutines ask for a new one at once, made may be
// called by each.
func (c *Cache[K, V]) Of(key K, made func(K) V) V {
	old := c.made.Load()
	if old != nil {
		if v, ok := (*old)[key]; ok {
			return v
		}
	}
	v := made(key)
	for {
		var next map[K]V
		if old != nil {
			next = maps.Clone(*old)
		}
		if next == nil {
			next = map[K]V{}
		}
		next[key] = v
		if c.made.CompareAndSwap(old, &next) {
			return v
		}
		old = c.made.Load()
	}
}
