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
type Writer struct{ enc *codec.Encoder }

// Value writes v to w, some at a time. The errors are those of Encoder.Value, before which a part
// of v may have been written, and that of w, which is not written to any more then.
func (e *Writer) Value(w io.Writer, v any) error {
	if err := finite(v); err != nil {
		return err
	}
	if e.enc == nil {
		e.enc = codec.NewEncoder(w, handle)
	} else {
		e.enc.Reset(w)
	}
	err := e.enc.Encode(v)
	e.enc.Reset(io.Discard) // or it keeps w
	return err
}

// SmallValue is up to how many bytes a value is small: it is encoded as a whole.
const SmallValue = 32 << 10

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
