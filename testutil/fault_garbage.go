package testutil

import (
	"bytes"
)

// nonsense is neither a yamux frame (which begins with version 0) nor a msgpack
// value (none begins with 0xc1).
var nonsense = bytes.Repeat([]byte{0xc1, 0xff, 0x13, 0x37}, 64)

// garbled is a reply that breaks at the wanted layer, which is not
// [LayerTransport].
func garbled(h responseHeader, body any, at Layer) ([]byte, error) {
	if at == LayerSeq {
		h.Seq++
	}
	out, err := encode(nil, h)
	if err != nil {
		return nil, err
	}
	switch at {
	case LayerTransport:
	case LayerHeader:
		out = nonsense
	case LayerBody:
		out = append(out, nonsense...)
	case LayerSeq:
		out, err = encode(out, body)
	case LayerShape: // a number fits neither a struct, nor a map, nor a list, nor a string
		out = append(out, 0x2a)
	case LayerHugeString:
		out = append(out, 0xdb, 0xff, 0xff, 0xff, 0xff)
		out = append(out, "and so on"...)
	case LayerNesting:
		out = append(out, bytes.Repeat([]byte{0x91}, 100_000)...)
		out = append(out, 0xc0)
	}
	return out, err
}
