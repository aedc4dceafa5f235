package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestOnlyExactlyOneValueIsWhole(t *testing.T) {
	many := append([]byte{0xdd, 0, 2, 0, 0}, make([]byte, 2<<16)...) // more elements than a small reply may have
	for name, b := range map[string][]byte{
		"nil": {0xc0}, "a map": {0x81, 0xa1, 'a', 1}, "an extension": {0xd4, 5, 1}, "many": many,
		"deep": append(bytes.Repeat([]byte{0x91}, wire.MaxDepth), 1),
	} {
		if err := wire.Whole(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "empty": {}, "a byte of none": {0xc1}, "cut": {0x81, 0xa1, 'a'}, "a cut text": {0xa5, 'a'},
		"a cut head": {0xda, 0}, "a byte behind": {0x80, 1}, "two": {0x80, 0x80}, "far too long": {0xdb, 0xff, 0xff, 0xff, 0xff},
		"too deep": append(bytes.Repeat([]byte{0x91}, wire.MaxDepth+1), 1),
	} {
		if err := wire.Whole(b); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
