package wire_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// several writes itself as so many values: one is right.
type several []any

func (s several) CodecEncodeSelf(e *codec.Encoder) {
	for _, v := range s {
		e.MustEncode(v)
	}
}
func (several) CodecDecodeSelf(*codec.Decoder) {}

// byPointer does so where there is a pointer to it.
type byPointer struct{ Of several }

func (p *byPointer) CodecEncodeSelf(e *codec.Encoder) { p.Of.CodecEncodeSelf(e) }
func (*byPointer) CodecDecodeSelf(*codec.Decoder)     {}

// embeds has the methods of what it embeds.
type embeds struct{ several }

// more has fields that its type does not name.
type more struct {
	A    int
	more map[string]any
}

func (m *more) CodecMissingFields() map[string]any     { return m.more }
func (*more) CodecMissingField([]byte, any) (has bool) { return false }

// A type that writes itself may be anywhere in a value, also where its type does not tell.
func TestWhatWritesItselfIsOneValueWhereverItIs(t *testing.T) {
	big := bytes.Repeat([]byte{'x'}, wire.SmallValue)
	within := map[string]func(s several) any{
		"itself":               func(s several) any { return s },
		"a pointer":            func(s several) any { return &s },
		"a pointer's methods":  func(s several) any { return &byPointer{s} },
		"a field":              func(s several) any { return struct{ A several }{s} },
		"a field of a pointer": func(s several) any { return &struct{ A *byPointer }{&byPointer{s}} },
		"an interface":         func(s several) any { return struct{ A any }{s} },
		"embedded":             func(s several) any { return embeds{s} },
		"a list":               func(s several) any { return []several{s} },
		"a list of anything":   func(s several) any { return []any{1, &s} },
		"a map":                func(s several) any { return map[string]*several{"a": &s} },
		"a map of anything":    func(s several) any { return map[string]any{"a": []any{s}} },
		"one of its own":       func(s several) any { return several{struct{ A several }{s}} },
		"a field of no name":   func(s several) any { return &more{1, map[string]any{"b": s}} },
		"large":                func(s several) any { return []any{big, s} },
	}
	var w wire.Writer
	for name, in := range within {
		t.Run(name, func(t *testing.T) {
			want, err := wire.NewEncoder().Value(nil, in(several{"one"}))
			noError(t, err)
			noError(t, wire.Whole(want))
			var got bytes.Buffer
			noError(t, w.Value(&got, in(several{"one"})))
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("% x, want % x", got.Bytes(), want)
			}
			for _, wrong := range []several{{}, {"one", "two"}, {1, 2, 3}, {[]any{}, map[string]any{"Seq": 2}, nil}} {
				before := []byte("before")
				out, err := wire.NewEncoder().Value(before, in(wrong))
				if err == nil || !strings.Contains(err.Error(), "CodecEncodeSelf did not write one value") || !bytes.Equal(out, before) {
					t.Errorf("%d values: %q, %v", len(wrong), out, err)
				}
				to := &written{}
				if err := w.Value(to, in(wrong)); err == nil || to.n > 0 {
					t.Errorf("%d values: %d bytes were written, %v", len(wrong), to.n, err)
				}
			}
		})
	}
}

// written counts.
type written struct{ n int }

func (w *written) Write(b []byte) (int, error) {
	w.n += len(b)
	return len(b), nil
}

var _ io.Writer = (*written)(nil)
