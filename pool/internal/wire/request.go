package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"sync/atomic"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// Encoder appends values to buffers. It belongs to one goroutine at a time.
type Encoder struct {
	enc  *codec.Encoder
	body []byte // of enc while it encodes
	none []byte // of enc while it does not; empty, since for nil the codec makes a kilobyte

	of    reflect.Type // of the value that Small was asked for last
	small *atomic.Bool // of that type; nil: it was not asked
}

// NewEncoder makes an Encoder.
func NewEncoder() *Encoder {
	e := &Encoder{none: []byte{}}
	e.enc = codec.NewEncoderBytes(&e.none, handle)
	return e
}

// AppendRequest appends the header of one call.
func AppendRequest(buf []byte, seq uint64, method string) []byte {
	buf = append(buf, 0x82) // a map of two
	buf = appendString(buf, "Seq")
	buf = appendUint(buf, seq)
	buf = appendString(buf, "ServiceMethod")
	return appendString(buf, method)
}

// Value appends one value to buf. After an error buf is as it was. v is read and not
// kept; a panic in one of its methods is an error. Any other error is the codec's: v holds
// what msgpack cannot express, contains itself, nests deeper than MaxDepth, or has a part that
// writes itself otherwise than as one value: what follows that would be taken for a request.
func (e *Encoder) Value(buf []byte, v any) ([]byte, error) {
	selfers, err := finite(v)
	if err != nil {
		return buf, err
	}
	e.body = buf[len(buf):]
	e.enc.ResetBytes(&e.body)
	err = e.enc.Encode(v)
	body := e.body
	e.body = nil
	e.enc.ResetBytes(&e.none) // or it keeps what it has written to
	if err == nil && selfers {
		err = oneValue(body)
	}
	if err != nil {
		return buf, err
	}
	if e.of != nil && e.of == reflect.TypeOf(v) {
		sized(e.small, len(body))
	}
	return Join(buf, body), nil
}

// oneValue is an error unless body is the one value that types that write themselves were to make.
func oneValue(body []byte) error {
	if err := Whole(body); err != nil {
		return fmt.Errorf("a CodecEncodeSelf did not write one value: %w", err)
	}
	return nil
}

// Join appends body to buf; where it was put into the room behind buf, it stays.
func Join(buf, body []byte) []byte {
	if cap(buf)-len(buf) > 0 && len(body) > 0 && &body[0] == &buf[:len(buf)+1][len(buf)] {
		return buf[:len(buf)+len(body)]
	}
	return append(buf, body...)
}

// appendString writes s in the raw family, as the protocol has it: never str8.
func appendString[S string | []byte](buf []byte, s S) []byte {
	switch n := len(s); {
	case n < 32:
		buf = append(buf, 0xa0|byte(n))
	case n < 1<<16:
		buf = binary.BigEndian.AppendUint16(append(buf, 0xda), uint16(n))
	default:
		buf = binary.BigEndian.AppendUint32(append(buf, 0xdb), uint32(n))
	}
	return append(buf, s...)
}

// appendUint writes n in the shortest form.
func appendUint(buf []byte, n uint64) []byte {
	switch {
	case n < 1<<7:
		return append(buf, byte(n))
	case n < 1<<8:
		return append(buf, 0xcc, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(buf, 0xcd), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(buf, 0xce), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(buf, 0xcf), n)
	}
}

// appendInt writes n in the shortest form of the signed integers, as the codec does.
func appendInt(buf []byte, n int64) []byte {
	switch {
	case n >= -32 && n < 1<<7:
		return append(buf, byte(n))
	case n >= math.MinInt8 && n < 1<<7:
		return append(buf, 0xd0, byte(n))
	case n >= math.MinInt16 && n < 1<<15:
		return binary.BigEndian.AppendUint16(append(buf, 0xd1), uint16(n))
	case n >= math.MinInt32 && n < 1<<31:
		return binary.BigEndian.AppendUint32(append(buf, 0xd2), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(buf, 0xd3), uint64(n))
	}
}
