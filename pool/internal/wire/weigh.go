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
	d.most, d.elements = max(decodedBytes*uint64(limit), leastDecoded), elements
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
	if elements == 0 {
		elements = size
	}
	d.elements = 0
	h, highest := handle, sum(product(elements+1, p.row), rounded(size))
	switch {
	case p.blind:
		h, highest = wary, math.MaxUint64
	case elements <= shortLen && (!p.bytes || size <= shortLen):
		h = short
		if p.misled {
			highest = product(size, p.risk)
		}
	case p.misled:
		highest = math.MaxUint64
	}
	if highest <= most {
		return h, nil
	}
	w := weigher{b: b, most: most}
	w.value(p)
	switch {
	case w.err != nil:
		return nil, w.err
	case w.cost > most:
		return nil, &SizeError{Limit: int(most), Announced: w.cost, Decoded: true}
	}
	return h, nil
}
