package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestAReaderTakesOneValueAfterTheOther(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	all := wire.AppendStream(nil, "A.B")
	all = wire.AppendAck(all, "")
	all = wire.AppendFrame(all, []byte(long))
	all = wire.AppendFailure(all, 404, "gone")
	whole := len(all)
	all = append(all, "rest"...)
	for name, src := range map[string]io.Reader{
		"whole": bytes.NewReader(all), "byte by byte": iotest.OneByteReader(bytes.NewReader(all)),
		"with the end": iotest.DataErrReader(bytes.NewReader(all)),
	} {
		r, dec, at := wire.NewReader(src), wire.NewDecoder(), 0
		next := func() []byte {
			b, err := r.Value(1 << 20)
			if err != nil || !bytes.HasPrefix(all[at:], b) {
				t.Fatalf("%s: value at %d: %v", name, at, err)
			}
			at += len(b)
			return b
		}
		if m, err := dec.Stream(next()); m != "A.B" || err != nil {
			t.Errorf("%s: %q, %v", name, m, err)
		}
		var h wire.Header
		if err := dec.Header(next(), &h); h.Error != "" || err != nil {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
		var f wire.Frame
		if err := dec.Frame(next(), &f); string(f.Payload) != long || f.Error != nil || err != nil {
			t.Errorf("%s: %v, %v", name, f.Error, err)
		}
		if err := dec.Frame(next(), &f); f.Error == nil || f.Error.Code != 404 || f.Payload != nil || err != nil {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		behind := []byte("rest")
		if at != whole || !bytes.HasPrefix(behind, r.Rest()) {
			t.Errorf("%s: %d of %d bytes, and %q", name, at, whole, r.Rest())
		}
	}
}

func TestAReaderTellsTheEndFromACut(t *testing.T) {
	ack := wire.AppendAck(nil, "no")
	for n := range ack {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := wire.NewReader(bytes.NewReader(ack[:n])).Value(100); err != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := wire.NewReader(bytes.NewReader(ack)).Value(len(ack) - 1); !errors.As(err, new(*wire.SizeError)) {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := wire.NewReader(strings.NewReader("\xc1")).Value(100); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("%v", err)
	}
}

func TestCodesGoOutAsTheyAreRead(t *testing.T) {
	for _, code := range []int{0, 1, 127, 128, 404, 32767, 32768, math.MaxInt, -1, -32, -33, math.MinInt} {
		var f wire.Frame
		if err := wire.NewDecoder().Frame(wire.AppendFailure(nil, code, "m"), &f); err != nil || f.Error == nil || f.Error.Code != code {
			t.Errorf("%d: %+v, %v", code, f.Error, err)
		}
	}
}

func TestAValueThatIsNoMapIsMalformed(t *testing.T) {
	for _, b := range []string{"", "\xc0", "\x91\x01", "\x01", "\xa1x"} {
		d := wire.NewDecoder()
		_, stream := d.Stream([]byte(b))
		for what, err := range map[string]error{
			"request": d.Request([]byte(b), new(wire.RequestHeader)), "stream": stream, "frame": d.Frame([]byte(b), new(wire.Frame)),
		} {
			if !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s % x: %v", what, b, err)
			}
		}
	}
}
