package typecache

import (
	"maps"
	"reflect"
	"sync/atomic"
)

// Cache has one value for each type that was asked for. Any goroutine may use it. Its map is
// copied to be changed, so asking for a type that is there takes no lock and allocates nothing.
type Cache[V any] struct {
	made  func(reflect.Type) V
	most  int
	known atomic.Pointer[map[reflect.Type]V]
}

// New makes a Cache that has made find out about a type. With more than most types it begins
// anew: types may be made at run time. made is called without the Cache being held, may be
// called more than once for a type, and may ask the Cache for others.
func New[V any](most int, made func(reflect.Type) V) *Cache[V] {
	return &Cache[V]{made: made, most: most}
}

// Of is the value of t, which others have too.
func (c *Cache[V]) Of(t reflect.Type) V {
	if known := c.known.Load(); known != nil {
		if v, ok := (*known)[t]; ok {
			return v
		}
	}
	v := c.made(t)
	before := c.known.Load()
	next := map[reflect.Type]V{t: v}
	if before != nil && len(*before) < c.most {
		next = maps.Clone(*before)
		next[t] = v
	}
	c.known.CompareAndSwap(before, &next) // a race that is lost finds out once more, later
	return v
}

// Len is how many types the Cache has.
func (c *Cache[V]) Len() int {
	if known := c.known.Load(); known != nil {
		return len(*known)
	}
	return 0
}
