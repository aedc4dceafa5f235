package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// compact is text without indentation.
func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%q is no JSON: %v", text, err)
	}
	return b.String()
}

// answer is a handler whose every answer is v.
func answer(v any) testutil.Handler {
	return func(context.Context, *testutil.Request) (any, error) { return v, nil }
}

func TestAValueWithoutAFormInJSONIsPrintedAsText(t *testing.T) {
	var b bytes.Buffer
	err := printReply(&b, map[string]any{
		"inf": math.Inf(1), "html": "<&>", "bytes": []byte("ok"),
		"deep": []any{map[any]any{int64(7): "\xff"}}, "\xff": nil,
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := compact(t, b.String()), `{"/w==":null,"bytes":"ok","deep":[{"7":"/w=="}],"html":"<&>","inf":"+Inf"}`; got != want {
		t.Errorf("printed %s, want %s", got, want)
	}
}
