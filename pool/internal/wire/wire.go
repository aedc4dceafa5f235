package wire

import (
	"math"
	"reflect"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// Mode bytes: the first byte of a connection and of each stream on it.
const (
	ModeRPC         byte = 0x01 // a stream of calls
	ModeTLS         byte = 0x04 // a TLS handshake follows, then another mode byte
	ModeStreaming   byte = 0x05 // one streaming call
	ModeMultiplexV2 byte = 0x06 // yamux, each stream begins with its mode byte
)

// handle is how every value is written and read: strings in the raw family of
// types, times as bytes, no extensions, and fields under the names that their codec
// tags give, whatever json tags say. Nomad 2.0.6 does the same (structs.MsgpackHandle
// in nomad/structs/structs.go), but for three settings. MaxDepth is one. Lists get their
// length at once (MaxInitLen): a scanner and a weigher have seen that they are lists, and
// how long. What an any has got is never read into again (InterfaceReset): where a key is there
// twice, its first value would else decide how the second is read. No handle is ever changed
// after init.
var handle = newHandle(math.MaxInt32)

// short is handle for values that no weigher has seen: so many elements are made at once for a
// length that the codec finds where there is none. They have no more themselves.
var short = newHandle(shortLen)

const shortLen = 256

// wary is handle for types that ask the codec for what they want (codec.Selfer): of those no
// weigher knows what it must see. The codec's own limit holds.
var wary = newHandle(0)

func newHandle(maxInitLen int) *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{WriteExt: false}
	h.RawToString = true
	h.TimeNotBuiltin = true
	h.MapType = reflect.TypeFor[map[string]any]()
	h.TypeInfos = codec.NewTypeInfos([]string{"codec"}) // without it json tags rename and drop fields too
	h.MaxDepth = MaxDepth + 1                           // the codec refuses at its bound, the scanner behind it
	h.MaxInitLen = maxInitLen
	h.InterfaceReset = true
	return h
}
