package accept

import (
	"encoding/binary"
	"iter"
	"math"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Pairs are the keys and the values of a map, as far as its keys are texts; none of any other
// value. Both are parts of raw.
func Pairs(raw pool.Raw) iter.Seq2[[]byte, pool.Raw] {
	return func(yield func([]byte, pool.Raw) bool) {
		for key, value := range wire.Pairs(raw) {
			if key != nil && !yield(key, value) {
				return
			}
		}
	}
}

// Items are the elements of a list, as parts of raw; none of any other value.
func Items(raw pool.Raw) iter.Seq[pool.Raw] {
	return func(yield func(pool.Raw) bool) {
		for item := range wire.Items(raw) {
			if !yield(item) {
				return
			}
		}
	}
}

// Integer is the integer that raw holds, 0 if it holds none; the largest int64 for those beyond.
func Integer(raw pool.Raw) int64 { return wire.Integer(raw) }

// Text is the content of the text or the bytes raw, as a part of it; nil if it is neither.
func Text(raw pool.Raw) []byte { return wire.Text(raw) }

// With is a copy of the map raw in which key has the value, wherever it stands; all other bytes
// are those of raw. ok is false where raw is no whole map, or has no such key.
func With(raw pool.Raw, key string, value pool.Raw) (with pool.Raw, ok bool) {
	return wire.With(raw, key, value)
}

// AppendText appends a text as servers write it.
func AppendText(buf pool.Raw, text string) pool.Raw { return wire.AppendText(buf, text) }

// AppendList appends a list of items.
func AppendList(buf pool.Raw, items ...pool.Raw) pool.Raw {
	if len(items) <= math.MaxUint16 {
		buf = binary.BigEndian.AppendUint16(append(buf, 0xdc), uint16(len(items)))
	} else {
		buf = binary.BigEndian.AppendUint32(append(buf, 0xdd), uint32(len(items)))
	}
	for _, item := range items {
		buf = append(buf, item...)
	}
	return buf
}
