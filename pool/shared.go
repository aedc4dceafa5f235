package pool

import (
	"slices"
	"sync/atomic"
)

// shared is a list that one goroutine after the other changes and any may read. It is replaced,
// never changed.
type shared[T comparable] struct {
	list atomic.Pointer[[]T]
}

func (l *shared[T]) all() []T {
	if list := l.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (l *shared[T]) add(one T) {
	l.replace(func(old []T) []T { return append(slices.Clip(old), one) })
}

func (l *shared[T]) remove(one T) {
	l.replace(func(old []T) []T {
		return slices.DeleteFunc(slices.Clone(old), func(other T) bool { return other == one })
	})
}

func (l *shared[T]) replace(next func(old []T) []T) {
	for {
		old := l.list.Load()
		list := next(l.all())
		if l.list.CompareAndSwap(old, &list) {
			return
		}
	}
}
