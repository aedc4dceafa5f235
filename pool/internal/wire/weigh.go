package wire

import (
	"math"
	"reflect"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// What a value may take in memory once it is decoded: so many bytes for each byte that it
// may be large, and at least leastDecoded. Nomad's own replies take 1 to 5.
const (
	decodedBytes = 4
	leastDecoded = 16 << 20
	// decodedEach is how many bytes each byte of a value may become for whose reader no
	// Bound was set.
	decodedEach = 16
)

// Bound bounds what the values that Body reads from now on take in memory: their replies may
// have limit bytes. elements is how many a scanner has counted in the next one; 0: it is not
// known.
func (d *Decoder) Bound(limit int, elements uint64) {
	d.most, d.elements = MostDecoded(limit), elements
}

// MostDecoded is how many bytes of memory a value may take that may have limit bytes.
func MostDecoded(limit int) uint64 { return max(decodedBytes*uint64(limit), leastDecoded) }

// Charge has f decide whether a value may be decoded, by the bytes that it is estimated to take.
// Its error is that of Body then. No other bound counts for d any more. f may be nil.
func (d *Decoder) Charge(f func(bytes uint64) error) { d.charge = f }

// Made is why no value of so many bytes may be made; nil: it may. The caller makes one without
// d, of what d was to decode.
func (d *Decoder) Made(bytes uint64) error {
	if d.charge == nil {
		return nil
	}
	return d.charge(bytes)
}

// weigh reports why b must not be decoded into a value of type t; nil: it may, with the
// handle h. b is whole. The most that it could take is known at once, from what the type has
// inside; only where that is too much b is looked through.
func (d *Decoder) weigh(b []byte, t reflect.Type) (h *codec.MsgpackHandle, err error) {
	if d.of != t {
		d.of, d.plan = t, plans.Of(t)
	}
	p, size, most, elements := d.plan, uint64(len(b)), d.most, d.elements
	if most == 0 {
		most = max(decodedEach*size, leastDecoded)
	}
	if d.charge != nil {
		most = math.MaxInt64
	}
	if elements == 0 {
		elements = size
	}
	d.elements = 0
	highest, seen := uint64(math.MaxUint64), !p.misled // that each list in b is one
	switch {
	case p.blind:
	case p.misled:
		highest = sum(product(size, p.risk), p.open)
	default:
		highest = sum(product(elements+1, p.row), rounded(size))
	}
	if highest > most || d.charge != nil {
		w := weigher{b: b, most: most}
		w.value(p)
		switch {
		case w.err != nil:
			return nil, w.err
		case d.charge != nil:
			if err := d.charge(w.cost); err != nil {
				return nil, err
			}
		case w.cost > most:
			return nil, &SizeError{Limit: int(min(most, math.MaxInt)), Announced: w.cost, Decoded: true}
		}
		seen = !p.blind
	}
	if seen && size > keepDecoded {
		return atOnce, nil // for another value a decoder would be made anew anyhow
	}
	return handle, nil
}
