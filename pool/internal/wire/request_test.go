package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// The header is that of a recorded request, byte by byte.
func TestARequestHeaderIsThatOfARealClient(t *testing.T) {
	for _, c := range []struct {
		seq    uint64
		method string
		want   string
	}{
		{1, "Status.Ping", "82a353657101ad536572766963654d6574686f64ab5374617475732e50696e67"},
		{2, "Node.UpdateStatus", "82a353657102ad536572766963654d6574686f64b14e6f64652e557064617465537461747573"},
		{4, "Node.GetClientAllocs", "82a353657104ad536572766963654d6574686f64b44e6f64652e476574436c69656e74416c6c6f6373"},
	} {
		got, err := wire.NewEncoder().Value(wire.AppendRequest(nil, c.seq, c.method), struct{}{})
		if want := c.want + "80"; err != nil || hex.EncodeToString(got) != want {
			t.Fatalf("%s: %x, %v\nwant %s", c.method, got, err, want)
		}
	}
}

// An encoder that is used again makes nothing for a value that fits into the buffer.
func TestAValueThatFitsIsEncodedWithoutAnAllocation(t *testing.T) {
	enc, buf, v := wire.NewEncoder(), make([]byte, 0, 512), &struct{ ID, Name string }{"id", "name"}
	if n := testing.AllocsPerRun(100, func() { buf, _ = enc.Value(buf[:0], v) }); n != 0 || len(buf) == 0 {
		t.Errorf("%v allocations for %d bytes", n, len(buf))
	}
}

func TestRequestHeadersReadBackWhateverTheirLength(t *testing.T) {
	type header struct {
		Seq           uint64
		ServiceMethod string
	}
	for _, seq := range []uint64{
		0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, math.MaxUint32, math.MaxUint32 + 1, math.MaxUint64,
	} {
		for _, n := range []int{0, 31, 32, 255, 256, 65535, 65536} {
			want := header{seq, strings.Repeat("m", n)}
			b, err := wire.NewEncoder().Value(wire.AppendRequest([]byte{wire.ModeRPC}, seq, want.ServiceMethod), 7)
			if err != nil || b[0] != wire.ModeRPC || b[len(b)-1] != 7 {
				t.Fatalf("seq %d, %d bytes of method: %v", seq, n, err)
			}
			var got header
			if err := codec.NewDecoderBytes(b[1:], reference).Decode(&got); err != nil || got != want {
				t.Fatalf("seq %d, %d bytes of method: %d, %d, %v", seq, n, got.Seq, len(got.ServiceMethod), err)
			}
		}
	}
}

func TestTheFormsOfARequestHeaderAreThoseOfTheProtocol(t *testing.T) {
	for _, c := range []struct {
		seq    uint64
		method string
		want   []byte // behind the key Seq
	}{
		{0x7f, "M", []byte{0x7f}},
		{0x80, "M", []byte{0xcc, 0x80}},
		{0x100, "M", []byte{0xcd, 1, 0}},
		{0x10000, "M", []byte{0xce, 0, 1, 0, 0}},
		{1 << 32, "M", []byte{0xcf, 0, 0, 0, 1, 0, 0, 0, 0}},
	} {
		b, err := wire.NewEncoder().Value(wire.AppendRequest(nil, c.seq, c.method), nil)
		if err != nil || !bytes.HasPrefix(b[5:], c.want) {
			t.Fatalf("seq %d: % x, %v", c.seq, b, err)
		}
	}
	// A string of 36 bytes is raw16, never str8, in header and body alike.
	id := strings.Repeat("i", 36)
	b, err := wire.NewEncoder().Value(wire.AppendRequest(nil, 1, id), map[string]string{"ID": id})
	if err != nil || bytes.Count(b, append([]byte{0xda, 0, 36}, id...)) != 2 {
		t.Fatalf("% x, %v", b, err)
	}
}

func TestArgumentsAreEncodedAsTheReferenceDoes(t *testing.T) {
	type embedded struct{ Region string }
	args := struct {
		embedded
		Renamed string `codec:"Other"`
		Bytes   []byte
		Number  int64
		Map     map[string]int
	}{embedded{"global"}, "x", []byte{1, 2}, -5, map[string]int{"a": 1}}
	e := wire.NewEncoder()
	for range 3 { // the encoder is used again
		bare, err := e.Value(wire.AppendRequest(nil, 1, "M.M"), struct{}{})
		noError(t, err)
		b, err := e.Value(wire.AppendRequest(make([]byte, 0, 3), 1, "M.M"), args)
		noError(t, err)
		if diff := cmp.Diff(encoded(t, args), b[len(bare)-1:]); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestArgumentsThatMsgpackCannotExpressAreAnError(t *testing.T) {
	e := wire.NewEncoder()
	for _, args := range []any{make(chan<- int), complex(1, 2), panickyArgs{}} {
		if _, err := e.Value(wire.AppendRequest(nil, 1, "M.M"), args); err == nil {
			t.Errorf("%T was encoded", args)
		}
	}
	if _, err := e.Value(wire.AppendRequest(nil, 1, "M.M"), brokenArgs{}); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Fatalf("%v, want the marshaler's own words", err)
	}
	if b, err := e.Value(wire.AppendRequest(nil, 2, "M.M"), 5); err != nil || b[len(b)-1] != 5 {
		t.Fatalf("after an error: % x, %v", b, err)
	}
}

type brokenArgs struct{}

func (brokenArgs) MarshalBinary() ([]byte, error) { return nil, errors.New("broken") }
func (brokenArgs) UnmarshalBinary([]byte) error   { return nil }

type panickyArgs struct{}

func (panickyArgs) MarshalBinary() ([]byte, error) { panic("in a marshaler") }
func (panickyArgs) UnmarshalBinary([]byte) error   { panic("in a marshaler") }
