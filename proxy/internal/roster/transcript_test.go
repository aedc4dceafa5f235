package roster

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

var update = flag.Bool("update", false, "record testdata/*.txt anew")

// TestTheTranscriptsHold plays the scenarios of testdata. Each is a list of
// commands and, indented beneath, the effects they had; with -update they are
// recorded anew. They have the same effects while the clock is set forward and back. Unless start names a seed, shuffling keeps the order and every
// jitter is the longest.
func TestTheTranscriptsHold(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := playAll(t, string(want), nil)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("other effects than recorded (-recorded +now):\n%s", diff)
			}
			if diff := cmp.Diff(got, playAll(t, string(want), new(stepped.Clock))); diff != "" {
				t.Errorf("other effects while the time of day is set (-right +set):\n%s", diff)
			}
		})
	}
}
