package wire

import (
	"errors"
	"io"
)

// Reader takes whole values from a stream of them. Memory grows with the bytes
// that came, not with what they announce. It belongs to one goroutine at a time.
type Reader struct {
	src   io.Reader
	scan  Scanner
	buf   []byte               // bytes read
	used  int                  // of buf, by the value handed out last
	keep  int                  // the largest buffer to hold on to between two values
	claim func(total int) bool // asked before buf has so many bytes; nil: it may have any
}

// NewReader makes a Reader over src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src, keep: keepBuffer} }

// NewClaimingReader makes a Reader that asks claim before its buffer grows to total
// bytes, and tells it when it shrinks. If claim answers false, Value does ErrNoRoom.
// Between two values it holds on to a buffer of keep bytes at most.
func NewClaimingReader(src io.Reader, keep int, claim func(total int) bool) *Reader {
	return &Reader{src: src, keep: keep, claim: claim}
}

// ErrNoRoom means that a Reader may not hold as much as a value takes.
var ErrNoRoom = errors.New("no room for the value")

// keepBuffer is the largest buffer a Reader holds on to between two values.
const keepBuffer = 64 << 10

// Value is the next value; its bytes are valid until the next call. It must take
// no more than limit bytes. The error is io.EOF at the end, io.ErrUnexpectedEOF
// within a value, *SizeError, ErrMalformed, ErrNoRoom, or that of the source.
func (r *Reader) Value(limit int) ([]byte, error) {
	rest := r.buf[r.used:]
	if cap(r.buf) > r.keep && len(rest) < r.keep/2 {
		r.buf = nil
	}
	r.buf, r.used = append(r.buf[:0], rest...), 0
	if r.claim != nil {
		r.claim(cap(r.buf)) // no more than before
	}
	r.scan.Reset(0, limit)
	for {
		end, ok, err := r.scan.Value(r.buf)
		if err != nil {
			return nil, err
		}
		if ok {
			r.used = end
			return r.buf[:end], nil
		}
		if cap(r.buf)-len(r.buf) < 256 {
			total := max(512, min(2*cap(r.buf), limit+512), len(r.buf)+256)
			if r.claim != nil && !r.claim(total) {
				return nil, ErrNoRoom
			}
			grown := make([]byte, len(r.buf), total)
			copy(grown, r.buf)
			r.buf = grown
		}
		n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) && len(r.buf) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// Rest is the bytes that were read behind the last value. It is the caller's.
func (r *Reader) Rest() []byte { return append([]byte(nil), r.buf[r.used:]...) }
