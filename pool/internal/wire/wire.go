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
// length at once (MaxInitLen): what is read with it is whole, and each list in it was seen
// to be one. What an any has got is never read into again (InterfaceReset): of a field that
// is there twice the first value would else decide how the second is read. It is never changed
// after init.
var handle = newHandle(math.MaxInt32)

// wary is handle for types that ask the codec for what they want (codec.Selfer): it may be
// misled about a length, so what is made for one is limited, as the codec does by itself.
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
