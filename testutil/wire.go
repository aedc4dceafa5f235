package testutil

import (
	"bufio"
	"encoding/binary"
	"reflect"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// The bytes that begin a connection or a stream and say what follows.
const (
	modeRPC       = 0x01 // msgpack-RPC
	modeMultiplex = 0x03 // yamux whose streams are all RPC and have no byte of their own
	modeTLS       = 0x04 // a TLS handshake, then another byte inside it
	modeStreaming = 0x05 // one streaming RPC
	modeYamux     = 0x06 // yamux whose streams begin with modeRPC or modeStreaming
)

// requestHeader stands in front of every request.
type requestHeader struct {
	Seq           uint64
	ServiceMethod string
}

// responseHeader stands in front of every reply.
type responseHeader struct {
	Error         string
	Seq           uint64
	ServiceMethod string
}

// ServerInfo is one entry of the server list in a heartbeat reply.
type ServerInfo struct {
	RPCAdvertiseAddr string
	Datacenter       string
	RPCMajorVersion  int
	RPCMinorVersion  int
}

// Raw is a value that is already encoded. A [Handler] that returns one has its
// bytes sent as they are; they must be exactly one msgpack value.
type Raw []byte

// msgpackHandle writes and reads values as Nomad's own servers do; fields have the
// names that their codec tags give, whatever json tags say. It is read-only once it is
// built, so all goroutines use this one.
var msgpackHandle = newMsgpackHandle()

func newMsgpackHandle() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.RawToString = true
	h.MapType = reflect.TypeFor[map[string]any]()
	h.WriteExt = false
	h.TimeNotBuiltin = true
	h.TypeInfos = codec.NewTypeInfos([]string{"codec"}) // not those of JSON
	return h
}

// emptyMap is the body of an error reply, and of an empty reply.
var emptyMap = Raw{0x80}

// encode appends v to b. It fails for a value msgpack cannot express.
func encode(b []byte, v any) ([]byte, error) {
	if raw, ok := v.(Raw); ok {
		return append(b, raw...), nil
	}
	var out []byte
	if err := codec.NewEncoderBytes(&out, msgpackHandle).Encode(v); err != nil {
		return nil, err
	}
	return append(b, out...), nil
}

// decode reads one value into the fresh variable v points to.
func decode(b []byte, v any) error {
	return codec.NewDecoderBytes(b, msgpackHandle).Decode(v)
}

// appendText writes s in the raw family, as the codec does.
func appendText(b []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, s...)
}

// appendNumber writes n in the shortest form, as the codec does.
func appendNumber(b []byte, n uint64) []byte {
	switch {
	case n < 1<<7:
		return append(b, byte(n))
	case n < 1<<8:
		return append(b, 0xcc, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), n)
	}
}

// readInto reads one value into the fresh variable v points to.
func readInto(r *bufio.Reader, v any) error {
	raw, err := readValue(r)
	if err != nil {
		return err
	}
	return decode(raw, v)
}
