package wire

import (
	"errors"
	"io"
)

// Reader takes whole values from a stream of them. Memory grows with the bytes
// that came, not with what they announce. It belongs to one goroutine at a time.
type Reader struct {
	src  io.Reader
	scan Scanner
	buf  []byte // bytes read
	used int    // of buf, by the value handed out last
}

// NewReader makes a Reader over src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// keepBuffer is the largest buffer a Reader holds on to between two values.
const keepBuffer = 64 << 10

// Value is the next value; its bytes are valid until the next call. It must take
// no more than limit bytes. The error is io.EOF at the end, io.ErrUnexpectedEOF
// within a value, *SizeError, ErrMalformed, or that of the source.
func (r *Reader) Value(limit int) ([]byte, error) {
	rest := r.buf[r.used:]
	if cap(r.buf) > keepBuffer && len(rest) < keepBuffer/2 {
		r.buf = nil
	}
	r.buf, r.used = append(r.buf[:0], rest...), 0
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
			grown := make([]byte, len(r.buf), max(512, 2*cap(r.buf)))
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

// Rest is what was read behind the last value. It is the caller's.
func (r *Reader) Rest() []byte { return append([]byte(nil), r.buf[r.used:]...) }
