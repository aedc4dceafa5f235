package pool

import (
	"errors"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

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

// emptyMap is what goes where nothing is to be said.
var emptyMap = Raw{0x80}

// appendRaw appends raw, if it is one whole value.
func appendRaw(buf []byte, raw Raw) ([]byte, error) {
	if err := wire.Whole(raw); err != nil {
		return buf, err
	}
	return append(buf, raw...), nil
}
