package wire

import (
	"encoding/binary"
	"iter"
	"math"
)

// Pairs are the keys and values of b, which begins with a map: the text of each key,
// nil for one that is neither a string nor bytes, and the bytes of each value, valid as
// long as b. It decodes nothing, and ends where b is not what the protocol allows.
func Pairs(b []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for key, at := range spans(b) {
			if !yield(key, b[at.from:at.to]) {
				return
			}
		}
	}
}

// span is where a value is.
type span struct{ from, to int }

// spans are the keys of a map as Pairs has them, and where their values are.
func spans(b []byte) iter.Seq2[[]byte, span] {
	return func(yield func(key []byte, value span) bool) {
		n, head := mapHead(b)
		var s Scanner
		s.Reset(head, math.MaxInt)
		for range n {
			at := s.pos
			from, ok, err := s.Value(b)
			if !ok || err != nil {
				return
			}
			to, ok, err := s.Value(b)
			if !ok || err != nil || !yield(Text(b[at:from]), span{from, to}) {
				return
			}
		}
	}
}

// Items are the elements of b, which begins with a list: valid as long as b. It ends where b is
// not what the protocol allows.
func Items(b []byte) iter.Seq[[]byte] {
	return func(yield func(item []byte) bool) {
		n, head := listHead(b)
		var s Scanner
		s.Reset(head, math.MaxInt)
		for range n {
			from := s.pos
			to, ok, err := s.Value(b)
			if !ok || err != nil || !yield(b[from:to]) {
				return
			}
		}
	}
}

// listHead is mapHead for a list.
func listHead(b []byte) (items, head int) {
	switch {
	case len(b) > 0 && b[0] >= 0x90 && b[0] <= 0x9f:
		return int(b[0] & 0x0f), 1
	case len(b) >= 3 && b[0] == 0xdc:
		return int(binary.BigEndian.Uint16(b[1:])), 3
	case len(b) >= 5 && b[0] == 0xdd:
		return int(min(binary.BigEndian.Uint32(b[1:]), math.MaxInt32)), 5 // b has fewer anyhow where an int has 32 bits
	}
	return 0, 0
}

// mapHead reads how many pairs the map at the beginning of b has, and how many bytes come
// before them; both are 0 if it is no map.
func mapHead(b []byte) (pairs, head int) {
	switch {
	case len(b) > 0 && b[0] >= 0x80 && b[0] <= 0x8f:
		return int(b[0] & 0x0f), 1
	case len(b) >= 3 && b[0] == 0xde:
		return int(binary.BigEndian.Uint16(b[1:])), 3
	case len(b) >= 5 && b[0] == 0xdf:
		return int(min(binary.BigEndian.Uint32(b[1:]), math.MaxInt32)), 5 // b has fewer anyhow where an int has 32 bits
	}
	return 0, 0
}

// appendMapHead appends the beginning of a map of n pairs.
func appendMapHead(buf []byte, n int) []byte {
	switch {
	case n < 16:
		return append(buf, 0x80|byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(buf, 0xde), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(buf, 0xdf), uint32(n))
	}
}

// Text is the content of the string or the bytes b; nil if b is neither. It is a part of b.
func Text(b []byte) []byte {
	s, _, _ := text(b)
	return s
}

// Integer is the integer that b holds, as a signed one (the largest there is for those
// beyond it); 0 if b holds none.
func Integer(b []byte) int64 {
	if len(b) == 0 {
		return 0
	}
	if n, _, ok := number(b); ok {
		return int64(min(n, math.MaxInt64))
	}
	switch c := b[0]; {
	case c >= 0xe0:
		return int64(int8(c))
	case c < 0xd0 || c > 0xd3 || len(b) < 1+int(forms[c].fixed):
		return 0
	}
	n := int64(int8(b[1]))
	for _, c := range b[2 : 1+forms[b[0]].fixed] {
		n = n<<8 | int64(c)
	}
	return n
}

// WithInteger is a copy of b in which key has the value n; false if b is not a whole
// map.
func WithInteger(b []byte, key string, n int64) ([]byte, bool) {
	pairs, head := mapHead(b)
	if head == 0 || Whole(b) != nil {
		return nil, false
	}
	var last span // the one that a reader goes by
	for k, at := range spans(b) {
		if string(k) == key {
			last = at
		}
	}
	out := make([]byte, 0, len(b)+len(key)+16)
	if last.to > 0 {
		out = appendInt(append(out, b[:last.from]...), n)
		return append(out, b[last.to:]...), true
	}
	out = append(appendMapHead(out, pairs+1), b[head:]...)
	return appendInt(appendString(out, key), n), true
}

// With is a copy of b in which key has the value, at each place where it stands; false if b is
// not a whole map, or has no such key.
func With(b []byte, key string, value []byte) ([]byte, bool) {
	if _, head := mapHead(b); head == 0 || Whole(b) != nil {
		return nil, false
	}
	var out []byte
	done := 0
	for k, at := range spans(b) {
		if k != nil && string(k) == key {
			out = append(append(out, b[done:at.from]...), value...)
			done = at.to
		}
	}
	if done == 0 {
		return nil, false
	}
	return append(out, b[done:]...), true
}

// AppendText appends a text in the raw family.
func AppendText(buf []byte, text string) []byte { return appendString(buf, text) }
