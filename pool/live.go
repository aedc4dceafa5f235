package pool

import (
	"slices"
	"sync/atomic"
)

// liveList is a list that any goroutine reads and changes: it is replaced, never changed.
type liveList[T comparable] struct {
	list atomic.Pointer[[]T]
}

func (l *liveList[T]) all() []T {
	if list := l.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (l *liveList[T]) add(s T) {
	l.replace(func(old []T) []T { return append(slices.Clip(old), s) })
}

func (l *liveList[T]) remove(s T) {
	l.replace(func(old []T) []T {
		return slices.DeleteFunc(slices.Clone(old), func(other T) bool { return other == s })
	})
}

func (l *liveList[T]) replace(next func(old []T) []T) {
	for {
		old := l.list.Load()
		list := next(l.all())
		if l.list.CompareAndSwap(old, &list) {
			return
		}
	}
}
