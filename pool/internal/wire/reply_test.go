package wire_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestAReplyHeaderIsRead(t *testing.T) {
	want := wire.Header{Error: "node not found", Seq: 1 << 40, ServiceMethod: "Node.UpdateStatus"}
	got := wire.Header{Error: "of an earlier reply"}
	if err := wire.NewDecoder().Header(encoded(t, want), &got); err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	d := wire.NewDecoder()
	if err := d.Header(encoded(t, map[string]any{"Seq": 5}), &got); err != nil || got != (wire.Header{Seq: 5}) {
		t.Fatalf("%+v, %v; what is absent is zero", got, err)
	}
}

func TestAReplyHeaderOfAnotherShapeIsMalformed(t *testing.T) {
	d := wire.NewDecoder()
	for name, b := range map[string][]byte{
		"nothing":        {},
		"nil":            {0xc0},
		"a number":       {7},
		"a string":       encoded(t, "header"),
		"a list":         encoded(t, []any{"", 1, "M"}),
		"a wrong Seq":    encoded(t, map[string]any{"Seq": "one"}),
		"a wrong Error":  encoded(t, map[string]any{"Error": map[string]any{"Text": 1}}),
		"half a header":  {0x83, 0xa3, 'S', 'e', 'q'},
		"an unknown end": {0x81, 0xc1},
	} {
		h := wire.Header{Seq: 99}
		if err := d.Header(b, &h); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
	var h wire.Header
	if err := d.Header(encoded(t, wire.Header{Seq: 3}), &h); err != nil || h.Seq != 3 {
		t.Fatalf("after errors: %+v, %v", h, err)
	}
}

type reply struct {
	Name   string
	Count  int
	Bytes  []byte
	Nested *reply
	Any    any
}

func TestAReplyIsZeroedBeforeItIsRead(t *testing.T) {
	got := reply{Name: "old", Count: 7, Bytes: []byte("old"), Nested: &reply{}, Any: 1}
	noError(t, wire.NewDecoder().Body(encoded(t, map[string]any{"Name": "new"}), &got))
	if diff := cmp.Diff(reply{Name: "new"}, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestAReplyIsZeroAfterAnError(t *testing.T) {
	got := reply{Name: "old", Count: 7}
	// Name is there before the field that does not fit.
	b := append([]byte{0x82, 0xa4, 'N', 'a', 'm', 'e', 0xa1, 'n', 0xa5}, "Count\xa3abc"...)
	if err := wire.NewDecoder().Body(b, &got); err == nil {
		t.Fatal("a string went into an int")
	}
	if diff := cmp.Diff(reply{}, got); diff != "" {
		t.Fatal(diff)
	}
}

// A decoder that is given a map where the variable already holds one may wait
// for elements that never come; a fresh value it gets right.
func TestAReusedAnyIsReadAfresh(t *testing.T) {
	d := wire.NewDecoder()
	var got any
	for _, want := range []any{
		map[string]any{"A": int64(1), "B": "two"},
		map[string]any{"C": int64(3)},
		"text",
		[]any{int64(1)},
		nil,
		map[string]any{},
	} {
		noError(t, d.Body(encoded(t, want), &got))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestReadValuesShareNoMemoryWithTheInput(t *testing.T) {
	want := reply{Name: "name", Bytes: []byte("bytes"), Nested: &reply{Bytes: []byte("deep")}, Any: "any"}
	b := encoded(t, want)
	var got reply
	noError(t, wire.NewDecoder().Body(b, &got))
	clear(b)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	var plain []byte
	b = encoded(t, []byte("plain"))
	noError(t, wire.NewDecoder().Body(b, &plain))
	clear(b)
	if string(plain) != "plain" {
		t.Fatalf("%q", plain)
	}
}

func TestBodyWantsAPointerOrNothing(t *testing.T) {
	d := wire.NewDecoder()
	if err := d.Body([]byte{0xc1}, nil); err != nil {
		t.Fatalf("nothing is to be read: %v", err)
	}
	var none *reply
	for _, bad := range []any{reply{}, none, 5, map[string]any{}} {
		if err := d.Body([]byte{0x80}, bad); err == nil {
			t.Errorf("%T was accepted", bad)
		}
	}
}
