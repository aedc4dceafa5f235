package testutil

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

func load(tb testing.TB, name string) *Transcript {
	tb.Helper()
	t, err := LoadGolden(name)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// shapeOf lists the paths of all map keys with the kind of what is there.
func shapeOf(v any) string {
	var lines []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			lines = append(lines, path+" map")
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(path+"."+k, v[k])
			}
		case []any:
			lines = append(lines, path+" list")
			if len(v) > 0 {
				walk(path+"[]", v[0])
			}
		case string:
			lines = append(lines, path+" string")
		case bool:
			lines = append(lines, path+" bool")
		case nil:
			lines = append(lines, path+" nil")
		default:
			lines = append(lines, path+" number")
		}
	}
	walk("reply", v)
	return strings.Join(lines, "\n")
}

func decoded(tb testing.TB, raw []byte) any {
	tb.Helper()
	var v any
	if err := decode(raw, &v); err != nil {
		tb.Fatal(err)
	}
	b, err := json.Marshal(v) // numbers become what the transcript has
	if err != nil {
		tb.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		tb.Fatal(err)
	}
	return out
}

func TestAllTranscriptsLoadAndAMissingOneIsNamed(t *testing.T) {
	names := GoldenNames()
	if len(names) < 16 {
		t.Errorf("only %v", names)
	}
	for _, name := range names {
		tr := load(t, name)
		if tr.Name != name || len(tr.Streams) == 0 || len(tr.Frames) == 0 || len(tr.ClientToServer) == 0 {
			t.Errorf("%s is incomplete", name)
		}
	}
	if _, err := LoadGolden("pong"); err == nil || !strings.Contains(err.Error(), `"pong"`) {
		t.Errorf("the error is %v", err)
	}
}
