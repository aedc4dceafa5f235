package wire

import (
	"io"
	"reflect"
	"sync/atomic"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/internal/typecache"
)

// Writer writes values as they are encoded, so none is in memory as a whole. It belongs to one
// goroutine at a time. The zero Writer is ready.
type Writer struct {
	enc *codec.Encoder
	to  target // of enc
}

// target passes on what is written, up to the first error: the codec writes what it holds once more
// when it has failed.
type target struct {
	w   io.Writer
	err error
}

func (t *target) Write(b []byte) (n int, err error) {
	if t.err == nil {
		n, t.err = t.w.Write(b)
	}
	return n, t.err
}

// Value writes v to w, some at a time. The errors are those of Encoder.Value, before which a part
// of v may have been written, and that of w, which is not written to any more then. A value that may
// have parts that write themselves is in memory as a whole, and was looked at, before any of it is
// written.
func (e *Writer) Value(w io.Writer, v any) error {
	selfers, err := finite(v)
	if err != nil {
		return err
	}
	if selfers {
		whole, err := NewEncoder().Value(nil, v)
		if err != nil {
			return err
		}
		_, err = w.Write(whole)
		return err
	}
	e.to = target{w: w}
	if e.enc == nil {
		e.enc = codec.NewEncoder(&e.to, handle)
	} else {
		e.enc.Reset(&e.to)
	}
	err = e.enc.Encode(v)
	e.enc.Reset(io.Discard) // whatever it still holds
	if e.to.err != nil {
		err = e.to.err
	}
	e.to = target{}
	return err
}

// SmallValue is up to how many bytes a value is small: it is encoded as a whole.
const SmallValue = 128 << 10

// smallness tells of each type whether the last of its values was small.
var smallness = typecache.New(4096, func(reflect.Type) *atomic.Bool { return new(atomic.Bool) })

// Small reports whether v is of a type whose last value was small. Of a type of which none was
// encoded yet it is not known how large its values are.
func (e *Encoder) Small(v any) bool {
	t := reflect.TypeOf(v)
	if t == nil {
		return true
	}
	if e.of != t {
		e.of, e.small = t, smallness.Of(t)
	}
	return e.small.Load()
}

// Sized notes that v took n bytes.
func Sized(v any, n int) {
	if t := reflect.TypeOf(v); t != nil {
		sized(smallness.Of(t), n)
	}
}

func sized(of *atomic.Bool, n int) {
	if small := n <= SmallValue; of.Load() != small {
		of.Store(small)
	}
}
