package wire

import (
	"math"
	"math/bits"
)

// word is how many bytes an address has.
const word = bits.UintSize / 8

// What the runtime takes for a map, and for the smallest part of one that is not empty.
const (
	mapHeader = 8 * word
	mapGroup  = 8   // entries
	mapInline = 128 // bytes: a larger key or value stands apart
)

const (
	// smallest is the least that the runtime takes for anything.
	smallest = 2 * word
	// beginsAny is what it takes to put something into an any that is no string.
	beginsAny = 8 * word
)

// entries is what the runtime takes for n entries of a map. Their places come in powers of
// two, filled up to seven eighths; what is large in them stands apart.
func (p *plan) entries(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	places := uint64(mapGroup)
	if n > mapGroup {
		places = 1 << bits.Len64(n+n/7)
	}
	place, apart := uint64(0), uint64(0)
	for _, size := range [...]uint64{p.key.size, p.elem.size} {
		if size > mapInline {
			place, apart = place+word, sum(apart, rounded(size))
		} else {
			place += size
		}
	}
	place = (place+word-1)&^(word-1) + 1 // and a byte that tells whether it is taken
	return sum(rounded(product(places, place)), product(n, apart))
}

// firstLen is how many elements the codec makes at once for a list or a map, whatever its
// length is, if each takes size bytes.
func firstLen(size uint64) uint64 {
	switch {
	case size == 0:
		return 0
	case size < 64:
		return 256 << 10 / size
	}
	return 4 << 10
}

// rounded is about what the runtime takes for an allocation of n bytes.
func rounded(n uint64) uint64 {
	if n <= 1024 {
		return (n + smallest - 1) &^ (smallest - 1)
	}
	return sum(n, n/8)
}

// sum is a+b, or the most that there is.
func sum(a, b uint64) uint64 {
	if s, carry := bits.Add64(a, b, 0); carry == 0 {
		return s
	}
	return math.MaxUint64
}

// product is a*b, or the most that there is.
func product(a, b uint64) uint64 {
	if high, low := bits.Mul64(a, b); high == 0 {
		return low
	}
	return math.MaxUint64
}
