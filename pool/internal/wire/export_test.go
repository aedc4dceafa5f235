package wire

import (
	"math"
	"reflect"
)

// Weighed is what the value b is estimated to take once it is decoded into what v points to,
// and at most, by the number of its elements.
func Weighed(b []byte, v any) (exact, most uint64) {
	p := plans.Of(reflect.TypeOf(v).Elem())
	w := weigher{b: b, most: math.MaxUint64 - 1}
	w.value(p)
	var s Scanner
	s.Reset(0, math.MaxInt)
	_, _, _ = s.Value(b)
	return w.cost, (s.Elements()+1)*p.row + rounded(uint64(len(b)))
}

// Finite is why v cannot be written, or nil.
func Finite(v any) error {
	_, err := finite(v)
	return err
}
