package testutil

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	// maxValueBytes bounds one msgpack value from a client, in bytes.
	maxValueBytes = 64 << 20
	// maxValueDepth bounds how deep arrays and maps may be nested.
	maxValueDepth = 1000
)

// MalformedError tells that bytes are not the msgpack value they should be.
type MalformedError struct {
	Offset int    // where, in bytes from the start of the value
	Reason string // what is wrong
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("malformed msgpack value at byte %d: %s", e.Offset, e.Reason)
}

// readValue reads exactly one msgpack value and returns its bytes. It keeps no
// stack per level of nesting and allocates only what has arrived, so a client
// that announces gigabytes costs nothing. It blocks until the value is
// complete. The error is *MalformedError, or that of the reader, io.EOF only
// when not a single byte came.
func readValue(r *bufio.Reader) ([]byte, error) {
	raw, err := appendValue(nil, r)
	if err != nil {
		return nil, err
	}
	return raw, nil
}

// appendValue appends the bytes of exactly one value to b, as readValue reads it.
// After an error it answers what did come.
func appendValue(b []byte, r *bufio.Reader) ([]byte, error) {
	v := valueReader{r: r, out: b, begin: len(b)}
	var levels [16]uint64
	pending := append(levels[:0], 1) // values still to come, per level of nesting
	for len(pending) > 0 {
		top := len(pending) - 1
		if pending[top] == 0 {
			pending = pending[:top]
			continue
		}
		pending[top]--
		children, err := v.one()
		if err != nil {
			return v.out, err
		}
		if children > 0 {
			if len(pending) >= maxValueDepth {
				return v.out, v.malformed("nested deeper than %d levels", maxValueDepth)
			}
			pending = append(pending, children)
		}
	}
	return v.out, nil
}

type valueReader struct {
	r     *bufio.Reader
	out   []byte
	begin int // of the value in out
}

func (v *valueReader) malformed(format string, args ...any) error {
	return &MalformedError{Offset: len(v.out) - v.begin, Reason: fmt.Sprintf(format, args...)}
}

// one reads one token with its payload and tells how many values belong to it.
func (v *valueReader) one() (children uint64, err error) {
	b, err := v.take(1)
	if err != nil {
		return 0, err
	}
	switch c := b[0]; {
	case c <= 0x7f || c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3: // small ints, nil, booleans
		return 0, nil
	case c <= 0x8f:
		return uint64(c&0x0f) * 2, nil
	case c <= 0x9f:
		return uint64(c & 0x0f), nil
	case c <= 0xbf:
		return 0, v.skip(uint64(c & 0x1f))
	case c >= 0xc4 && c <= 0xc6: // bin
		return 0, v.sized(1<<(c-0xc4), 0)
	case c >= 0xc7 && c <= 0xc9: // ext: a type byte follows the length
		return 0, v.sized(1<<(c-0xc7), 1)
	case c == 0xca || c == 0xce || c == 0xd2: // 32 bit numbers
		return 0, v.skip(4)
	case c == 0xcb || c == 0xcf || c == 0xd3: // 64 bit numbers
		return 0, v.skip(8)
	case c == 0xcc || c == 0xd0:
		return 0, v.skip(1)
	case c == 0xcd || c == 0xd1:
		return 0, v.skip(2)
	case c >= 0xd4 && c <= 0xd8: // fixext
		return 0, v.skip(1 + 1<<(c-0xd4))
	case c >= 0xd9 && c <= 0xdb: // str
		return 0, v.sized(1<<(c-0xd9), 0)
	case c == 0xdc || c == 0xdd:
		return v.length(2 << (c - 0xdc))
	case c == 0xde || c == 0xdf:
		n, err := v.length(2 << (c - 0xde))
		return n * 2, err
	default:
		return 0, v.malformed("no value begins with 0x%02x", c)
	}
}

// sized skips what a length of width bytes announces, and extra bytes more.
func (v *valueReader) sized(width int, extra uint64) error {
	n, err := v.length(width)
	if err != nil {
		return err
	}
	return v.skip(n + extra)
}

func (v *valueReader) length(width int) (uint64, error) {
	b, err := v.take(width)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[8-width:], b)
	return binary.BigEndian.Uint64(wide[:]), nil
}

func (v *valueReader) skip(n uint64) error {
	const step = 64 << 10
	for n > 0 {
		part := min(n, step)
		if _, err := v.take(int(part)); err != nil {
			return err
		}
		n -= part
	}
	return nil
}

// take appends the next n bytes to out and returns them.
func (v *valueReader) take(n int) ([]byte, error) {
	at := len(v.out)
	if at-v.begin+n > maxValueBytes {
		return nil, v.malformed("longer than %d bytes", maxValueBytes)
	}
	v.out = slices.Grow(v.out, n)[:at+n]
	if _, err := io.ReadFull(v.r, v.out[at:]); err != nil {
		if errors.Is(err, io.EOF) && at > v.begin {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return v.out[at:], nil
}
