package pool

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Codec is how the arguments and the replies of calls are written and read, in both
// directions: those of Call, those of the handlers, and what ReadRequest and
// WriteRequest do on a stream of the pool itself, not on what wraps it. It is for an agent
// with a msgpack handle of its own, with extensions or types that the pool's does not
// know. Headers, acknowledgements and frames stay the pool's, and so does a Raw.
//
// The zero value is the encoding of Nomad's own servers: go-msgpack with raw strings,
// times as bytes, fields named by codec tags only; a value that contains itself is an
// *EncodeError there. Both functions are called by many goroutines at once. A panic in them
// fails the call that it was for, and counts among Stats.Panics; that they end where a value
// contains itself is theirs to see to.
type Codec struct {
	// Encode appends v to buf, exactly one msgpack value that nests no deeper than 128,
	// and returns the longer buf, which it must not keep. An error, or anything else than
	// one value, is an *EncodeError, and nothing is sent.
	Encode func(buf []byte, v any) ([]byte, error)

	// Decode reads b, which is exactly one complete value, into v, a non-nil pointer to a
	// zero value. b is its own: what v holds afterwards may share it. An error is a
	// *DecodeError, and v is zero again.
	Decode func(b []byte, v any) error
}

// validate refuses half a codec.
func (c *Codec) validate() error {
	switch {
	case c.Encode != nil && c.Decode == nil:
		return &ConfigError{"Codec", "has an Encode and no Decode: set both, or neither for the encoding of Nomad's servers"}
	case c.Encode == nil && c.Decode != nil:
		return &ConfigError{"Codec", "has a Decode and no Encode: set both, or neither for the encoding of Nomad's servers"}
	}
	return nil
}

// coder is a Codec as sessions use it. Where log is not nil its panics are counted.
type coder struct {
	Codec
	log *logqueue.Logger
}

// codecOf is the codec of the pool that rw belongs to; that of Nomad's servers if it
// belongs to none.
func codecOf(rw any) session.Codec {
	if c, ok := rw.(*session.Conn); ok {
		return c.Codec()
	}
	return coder{}
}

// Append appends v to buf; after an error buf is as it was.
func (c coder) Append(enc *wire.Encoder, buf []byte, v any) ([]byte, error) {
	if raw, ok, err := asRaw(v); ok {
		if err = cmp.Or(err, wire.Whole(raw)); err != nil {
			return buf, err
		}
		return append(buf, raw...), nil
	}
	if c.Encode == nil {
		out, err := enc.Value(buf, v)
		if err != nil {
			err = c.failed("the arguments' methods", nil, err)
		}
		return out, err
	}
	// Encode is given the room behind buf, not buf: whatever it does, that stays.
	out, err := c.encode(buf[len(buf):], v)
	if err != nil {
		return buf, err
	}
	if err := wire.Whole(out); err != nil {
		return buf, fmt.Errorf("Codec.Encode did not append one value: %w", err)
	}
	return wire.Join(buf, out), nil
}

// Large reports whether v may be so large that it is better written than appended. What an
// embedder's codec makes is whole in any case.
func (c coder) Large(enc *wire.Encoder, v any) bool {
	if raw, ok, err := asRaw(v); ok {
		return err == nil && len(raw) > wire.SmallValue
	}
	return c.Encode == nil && !enc.Small(v)
}

// Write writes v, for which Large was reported, to w.
func (c coder) Write(enc *wire.Writer, w io.Writer, v any) error {
	if raw, ok, err := asRaw(v); ok {
		if err = cmp.Or(err, wire.Whole(raw)); err == nil {
			_, err = w.Write(raw)
		}
		return err
	}
	return c.failed("the arguments' methods", nil, enc.Value(w, v))
}

// encode is Encode without its panics.
func (c *coder) encode(buf []byte, v any) (out []byte, err error) {
	p := contain.Call(func() { out, err = c.Encode(buf, v) })
	return out, c.failed("Codec.Encode", p, err)
}

// Read reads b, which is one value, into v, a non-nil pointer, or nil to read nothing.
// After an error v is zero. lasting reports that b may be given away, given that it was: what v
// holds afterwards may share it then only.
func (c coder) Read(dec *wire.Decoder, b []byte, lasting bool, v any) (given bool, err error) {
	if raw, ok := v.(*Raw); ok && raw != nil {
		if err := dec.Made(uint64(len(b))); err != nil {
			return false, err
		}
		*raw = bytes.Clone(b)
		return false, nil
	}
	if c.Decode == nil || v == nil {
		err := dec.Body(b, v)
		if size, ok := err.(*wire.SizeError); ok { //nolint:errorlint // wire returns it bare
			return false, (*SizeError)(size)
		}
		if err != nil {
			err = notEOF(c.failed("the reply's methods", nil, err))
		}
		return false, err
	}
	target, err := wire.Target(v)
	if err != nil {
		return false, err
	}
	if !lasting {
		if err := dec.Made(uint64(len(b))); err != nil {
			return false, err
		}
		b = bytes.Clone(b)
	}
	target.SetZero()
	if err := c.decode(b, v); err != nil {
		target.SetZero()
		return lasting, notEOF(err)
	}
	return lasting, nil
}

// notEOF is an error of the codec, which must not be io.EOF: b is a whole value, and its
// source has not ended where a type wants more than is in it, as that of a map does of an
// empty list.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the value ends before its type does: " + contain.Text(err)) // which it does not wrap
	}
	return err
}

// decode is Decode without its panics.
func (c *coder) decode(b []byte, v any) (err error) {
	p := contain.Call(func() { err = c.Decode(b, v) })
	return c.failed("Codec.Decode", p, err)
}

// codecPanic is the error of a Codec's function that has panicked.
type codecPanic struct {
	in    string
	cause *contain.Panic
}

func (e *codecPanic) Error() string {
	return printable.Name(e.in) + " panicked: " + printable.Text(e.cause.Text)
}

func (e *codecPanic) Unwrap() error { return e.cause }

// failed is the error of one of the functions: its own or, if it has panicked, that.
func (c *coder) failed(in string, p *contain.Panic, err error) error {
	if p != nil {
		c.log.Panicked(in, p)
		return &codecPanic{in, p}
	}
	p, err = contain.Tame(err)
	c.log.Panicked(in, p)
	return err
}

// WriteRequest writes args to w as one value, in one write: the request that comes
// first on a stream of Pool.Stream, or what goes on it besides frames, such as the
// input of Allocations.Exec. It is the counterpart of ReadRequest and blocks as w does.
// The error is *EncodeError, and then nothing was written, or that of w.
func WriteRequest(w io.Writer, args any) error {
	out, err := codecOf(w).Append(wire.NewEncoder(), nil, args)
	if err != nil {
		return &EncodeError{Args: fmt.Sprintf("%T", args), Err: err}
	}
	_, err = w.Write(out)
	return err
}

// ReadRequest reads one value from conn into args, a non-nil pointer, byte by byte as
// far as it goes, so that what follows can be read from conn: the request map that comes
// first on the conn of a StreamHandler, the messages behind that of Allocations.Exec, the
// reply of a snapshot. It must take no more than 1 MiB. The error is *ProtocolError,
// *SizeError, the codec's, or that of conn, io.EOF where nothing came.
func ReadRequest(conn io.Reader, args any) error {
	raw, err := wire.NewReader(single{conn}).Value(maxRequestMap)
	if err != nil {
		return ofRequest(garbled(err))
	}
	dec := wire.NewDecoder()
	if c, ok := conn.(*session.Conn); ok {
		c.Charge(dec)
	}
	_, err = codecOf(conn).Read(dec, raw, true, args)
	return ofRequest(err)
}

// ofRequest has an error of a size say that it is that of a request.
func ofRequest(err error) error {
	if size, ok := errors.AsType[*SizeError](err); ok {
		size.Request = true
	}
	return err
}

// maxRequestMap bounds the request of a streaming call, in bytes.
const maxRequestMap = 1 << 20

// single reads one byte at a time.
type single struct{ io.Reader }

func (s single) Read(b []byte) (int, error) { return s.Reader.Read(b[:min(len(b), 1)]) }

// Raw is one value as its msgpack bytes, for callers that carry values they need not
// look into. Raw and *Raw stand for the value itself wherever a whole value goes: as the
// arguments or the reply of a call, in a handler, in WriteRequest and ReadRequest. Inside
// another value a Raw is bytes like any other.
//
// What is sent must be exactly one complete value that nests no deeper than 128 lists
// and maps; else, and so also for a Raw that is nil or empty, the error is an
// *EncodeError. The bytes go out as they are, also with Config.Codec. What is read into
// a *Raw is the caller's own.
type Raw []byte

// errNoRaw is why a nil *Raw cannot be sent.
var errNoRaw = errors.New("the pointer to a Raw is nil")

// asRaw is v as a Raw, if it is one or points to one.
func asRaw(v any) (raw Raw, ok bool, err error) {
	switch v := v.(type) {
	case Raw:
		return v, true, nil
	case *Raw:
		if v == nil {
			return nil, true, errNoRaw
		}
		return *v, true, nil
	}
	return nil, false, nil
}

// emptyMap is the body of arguments that are nil.
var emptyMap = Raw{0x80}
