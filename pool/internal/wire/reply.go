package wire

import (
	"fmt"
	"reflect"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// Header is the first value of a reply.
type Header struct {
	Error         string // empty: the body is the answer
	Seq           uint64 // of the request
	ServiceMethod string
}

// Decoder reads complete values. It belongs to one goroutine at a time.
type Decoder struct {
	dec    *codec.Decoder       // nil: made when it is needed
	handle *codec.MsgpackHandle // of dec
	method string               // of the last header

	most, elements uint64 // as set by Bound
	charge         func(bytes uint64) error
	of             reflect.Type // of the last value read
	plan           *plan        // of that type
}

// NewDecoder makes a Decoder.
func NewDecoder() *Decoder { return new(Decoder) }

// Header reads a reply's header from b, which holds exactly that. Anything but a
// map with the three known fields is ErrMalformed: field by field it would decode
// into a zero header and pass for an answer.
func (d *Decoder) Header(b []byte, h *Header) error {
	*h = Header{}
	if len(b) == 0 || forms[b[0]].kind != pairs {
		return fmt.Errorf("%w: a reply header is a map, not 0x%02x", ErrMalformed, b[:min(len(b), 1)])
	}
	if d.readHeader(b, h) {
		return nil
	}
	return d.slowHeader(b, h)
}

// slowHeader has the codec read a header. It is given one of its own: what the codec
// is given is allocated, and h would be for every reply.
func (d *Decoder) slowHeader(b []byte, h *Header) error {
	var read Header
	err := d.decode(b, &read, handle)
	d.Forget() // a peer that sends such headers may put anything there
	if err != nil {
		*h = Header{}
		return fmt.Errorf("%w: reply header: %w", ErrMalformed, err)
	}
	*h = read
	return nil
}

// decode reads b into v, with the settings of h. It keeps nothing of b if that has no
// extension, and a few kilobytes of what it read at most.
func (d *Decoder) decode(b []byte, v any, h *codec.MsgpackHandle) error {
	if d.dec == nil || d.handle != h {
		d.dec, d.handle = codec.NewDecoderBytes(b, h), h
	} else {
		d.dec.ResetBytes(b)
	}
	err := d.dec.Decode(v)
	if len(b) > keepDecoded {
		d.Forget()
	} else {
		d.dec.ResetBytes(nothing)
	}
	return err
}

// nothing is the input of a decoder between two values.
var nothing = []byte{0xc0}

// keepDecoded is the largest value, in bytes, that the codec is kept after. It holds
// on to the last string that went into an any, whatever it reads next, and
// an idle Decoder would with it. Making another one costs a value of this size little.
const keepDecoded = 4 << 10

// Forget lets go of all that the codec still has of what it read: behind an extension,
// that is the bytes given to it.
func (d *Decoder) Forget() { d.dec = nil }

// Body reads b, which holds exactly one value, into reply: a non-nil pointer,
// which is set to its zero value first, or nil to read nothing. What reply holds
// afterwards shares no memory with b. After an error it is zero. A *SizeError means that
// it would take too much memory, see Bound; a *KindError, that b has something else than
// reply wants. Other mismatches are errors of the codec.
func (d *Decoder) Body(b []byte, reply any) error {
	if reply == nil {
		return nil
	}
	v, err := Target(reply)
	if err != nil {
		return err
	}
	v.SetZero()
	h, err := d.weigh(b, v.Type())
	if err != nil {
		return err
	}
	if err := d.decode(b, reply, h); err != nil {
		v.SetZero()
		return err
	}
	return nil
}

// Target is the variable that reply points to, or an error if it points to none.
func Target(reply any) (reflect.Value, error) {
	v := reflect.ValueOf(reply)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return v, fmt.Errorf("reply must be a non-nil pointer, not %T", reply)
	}
	return v.Elem(), nil
}
