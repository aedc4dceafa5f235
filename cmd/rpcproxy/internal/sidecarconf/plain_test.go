package sidecarconf

import (
	"strings"
	"testing"
)

// The parser would need any stack for the first ones, and the last one any memory.
func TestAFileComputesNothingAndIsNotDeep(t *testing.T) {
	const many = 150_000
	for text, want := range map[string]string{
		"servers = " + strings.Repeat("[", many):                  "more than 16 deep",
		"region = " + strings.Repeat("(", many):                   `"("`,
		"port = 1" + strings.Repeat("-1", many):                   `"-"`,
		"region = " + strings.Repeat("!", many):                   `"!"`,
		"region = \"" + strings.Repeat("${\"", many):              `"${"`,
		"region = " + strings.Repeat("a ? ", many):                `"?"`,
		"servers = [for a in [1, 2] : [for b in [1, 2] : \"c\"]]": `":"`,
		strings.Repeat("tls {\n", many):                           "more than 16 deep",
	} {
		_, _, err := loader(t, nil, "--config", written(t, "# a comment\n"+text)).Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), ".hcl:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v", text, err)
		}
	}
}
