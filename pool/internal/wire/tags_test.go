package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// What json tags say about a field is not heard, in either direction.
func TestOnlyCodecTagsNameAndDropFields(t *testing.T) {
	type Inner struct {
		Secret string `json:"-"`
		Index  int    `codec:"ModifyIndex" json:"Idx"`
	}
	type outer struct {
		Inner
		Signed  map[string]string `json:"-"`
		Named   string            `json:"named"`
		Both    string            `codec:"Codec" json:"JSON"`
		Hidden  string            `codec:"-" json:"Shown"`
		Omitted string            `codec:",omitempty"`
		Kept    string            `json:",omitempty"`
		Quoted  int               `json:",string"`
		Part    Inner             `json:"part"`
	}
	sent := outer{
		Inner: Inner{"s", 1}, Signed: map[string]string{"task": "token"}, Named: "n", Both: "b", Hidden: "h",
		Quoted: 5, Part: Inner{"p", 2},
	}
	b, err := wire.NewEncoder().Value(nil, sent)
	noError(t, err)
	var names map[string]any
	noError(t, wire.NewDecoder().Body(b, &names))
	want := map[string]any{
		"Secret": "s", "ModifyIndex": int64(1), "Signed": map[string]any{"task": "token"}, "Named": "n", "Codec": "b",
		"Kept": "", "Quoted": int64(5), "Part": map[string]any{"Secret": "p", "ModifyIndex": int64(2)},
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatal(diff)
	}
	for _, name := range []string{"named", "JSON", "Both", "Shown", "Hidden", "Idx", "Index", "part", "-"} {
		names[name] = "not read"
	}
	b, err = wire.NewEncoder().Value(nil, names)
	noError(t, err)
	var got outer
	noError(t, wire.NewDecoder().Body(b, &got))
	sent.Hidden = ""
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Fatal(diff)
	}
}
