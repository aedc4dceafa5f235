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
// in nomad/structs/structs.go), but for MaxDepth, and for what an any has got, which is never
// read into again (InterfaceReset): where a key is there twice, its first value would else
// decide how the second is read. It is never changed after init.
var handle = newHandle(0)

// atOnce is handle for values of which each list is known to be one: they get their length at
// once. With handle the codec makes so many elements that a length is worth which it finds
// where there is none, and long lists grow.
var atOnce = newHandle(math.MaxInt32)

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
