package poolcore

import (
	"cmp"
	"iter"
	"slices"
)

// keyed is what an ordered holds. Its key never changes.
type keyed[K cmp.Ordered] interface{ key() K }

// ordered is a set in the order of its keys, in place of a map: what a Core does about
// several sessions, it does in the same order each time, and a set of one or two takes
// less memory. The zero value is empty.
type ordered[K cmp.Ordered, V keyed[K]] []V

// mostRoom is for how many there is room left when none is there.
const mostRoom = 2

// search is the place of k, or where it would stand.
func (o ordered[K, V]) search(k K) (int, bool) {
	return slices.BinarySearchFunc(o, k, func(v V, k K) int { return cmp.Compare(v.key(), k) })
}

// find is the one with this key; the zero V: there is none.
func (o ordered[K, V]) find(k K) (v V) {
	if i, is := o.search(k); is {
		return o[i]
	}
	return v
}

// put adds v, in place of the one with its key.
func (o *ordered[K, V]) put(v V) {
	i, is := o.search(v.key())
	if is {
		(*o)[i] = v
		return
	}
	*o = slices.Insert(*o, i, v)
}

// drop takes the one with this key out, if there is one.
func (o *ordered[K, V]) drop(k K) {
	if i, is := o.search(k); is {
		if *o = slices.Delete(*o, i, i+1); len(*o) == 0 && cap(*o) > mostRoom {
			*o = nil
		}
	}
}

// all yields them in their order. Meanwhile any may be put and dropped.
func (o *ordered[K, V]) all() iter.Seq[V] {
	return func(yield func(V) bool) {
		for i, is := 0, false; i < len(*o); {
			v := (*o)[i]
			if !yield(v) {
				return
			}
			if i, is = o.search(v.key()); is {
				i++
			}
		}
	}
}
