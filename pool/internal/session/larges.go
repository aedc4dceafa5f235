package session

import (
	"math/bits"
	"sync"
)

// A largeBuffer is the buffer of a reply that is large. It is taken when so much has come in that
// it is needed: a call that waits for its answer, maybe for minutes, holds none. A new one would
// be cleared, and each of its pages asked of the kernel, for every large reply.
type largeBuffer struct{ b []byte }

const (
	// freeReply is how large the buffer of a reply may be without a claim, in bytes: small ones are
	// received whatever the large ones hold. It is bounded by the number of calls.
	freeReply = 16 << 10
	// mostLarge is the largest buffer that is kept for other calls, in bytes.
	mostLarge = 32 << 20
	// spareTimes is how many times as large as it must be a spare buffer may be: a reply that comes
	// in slowly would hold it.
	spareTimes = 8
)

// larges are spare buffers of more than freeReply bytes, by their sizes: each at least the power
// of two of its index. What no call has needed for some collections is garbage.
var larges [26]sync.Pool // of *largeBuffer

// takeLarge is a spare buffer for size bytes, the largest that may be, so that it need not grow;
// nil: there is none.
func takeLarge(size int) *largeBuffer {
	least := bits.Len(uint(size - 1))
	for of := min(least+bits.Len(spareTimes)-1, len(larges)-1); of >= least; of-- {
		if large, _ := larges[of].Get().(*largeBuffer); large != nil {
			if cap(large.b) <= spareTimes*size {
				return large
			}
			larges[of].Put(large)
		}
	}
	return nil
}

// putLarge keeps a buffer that nobody uses any more.
func putLarge(b []byte) {
	if size := cap(b); size > freeReply && size <= mostLarge {
		larges[bits.Len(uint(size))-1].Put(&largeBuffer{b[:0]})
	}
}
