package pool

import "encoding/binary"

// The head of a yamux frame: version, type, flags (2), stream (4), length (4).
const (
	frameHead    = 12
	frameVersion = 0

	frameData   = 0
	frameWindow = 1
	framePing   = 2
	frameGoAway = 3

	flagSYN = 0x1
	flagACK = 0x2
	flagFIN = 0x4
	flagRST = 0x8
)

// windowSize is what either side of a new stream may send before it is told that
// it may send more, in bytes.
const windowSize = 256 << 10

// putHead writes a head into the first bytes of b.
func putHead(b []byte, kind byte, flags uint16, stream, length uint32) {
	b[0], b[1] = frameVersion, kind
	binary.BigEndian.PutUint16(b[2:], flags)
	binary.BigEndian.PutUint32(b[4:], stream)
	binary.BigEndian.PutUint32(b[8:], length)
}

// headOf reads what a head says behind its type.
func headOf(b []byte) (flags uint16, stream, length uint32) {
	return binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
}
