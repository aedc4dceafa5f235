package testutil

import (
	"bytes"
	"net"
)

// nonsense is neither a yamux frame (which begins with version 0) nor a msgpack
// value (none begins with 0xc1).
var nonsense = bytes.Repeat([]byte{0xc1, 0xff, 0x13, 0x37}, 64)

// replyGarbage sends a reply that breaks at the wanted layer. It tells whether
// the stream goes on.
func (c *conn) replyGarbage(rw net.Conn, h responseHeader, body any, at Layer) (goOn bool) {
	if at == LayerSeq {
		h.Seq++
	}
	out, err := encode(nil, h)
	if err != nil {
		return false
	}
	switch at {
	case LayerTransport:
		_, _ = c.sock.Write(nonsense) // beneath yamux; the client hangs up
		return true
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
	if err != nil {
		return false
	}
	_, err = rw.Write(out)
	return err == nil
}
