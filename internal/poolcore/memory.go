package poolcore

// mostPieces is how many pieces of memory of a kind are kept that are not in use.
const mostPieces = 64

// pieces are values that one core has done with, for the next one to use.
type pieces[T any] struct{ idle []*T }

// take is one with this value.
func (p *pieces[T]) take(v T) *T {
	last := len(p.idle) - 1
	if last < 0 {
		t := new(T)
		*t = v
		return t
	}
	t := p.idle[last]
	p.idle = p.idle[:last]
	*t = v
	return t
}

// put takes one back that nothing refers to any more; nil: there is none.
func (p *pieces[T]) put(t *T) {
	if t == nil || len(p.idle) == mostPieces {
		return
	}
	var zero T
	*t = zero
	p.idle = append(p.idle, t)
}

// lists are slices that one core has done with.
type lists[T any] struct{ idle [][]T }

// take is one that holds v.
func (l *lists[T]) take(v T) []T {
	last := len(l.idle) - 1
	if last < 0 {
		return []T{v}
	}
	list := l.idle[last]
	l.idle = l.idle[:last]
	list = append(list, v)
	return list
}

// put takes one back that nothing refers to any more.
func (l *lists[T]) put(list []T) {
	if cap(list) == 0 || len(l.idle) == mostPieces {
		return
	}
	clear(list)
	l.idle = append(l.idle, list[:0])
}
