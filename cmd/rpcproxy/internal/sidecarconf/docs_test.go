package sidecarconf

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const exampleFile = "../../../../docs/sidecar/sidecar.hcl"

// The example beside the documentation is right, as it is and with everything in it that is
// commented out.
func TestTheExampleIsRight(t *testing.T) {
	load(t, nil, "--config", exampleFile)
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	commented := regexp.MustCompile(`(?m)^#( +(?:[a-z_]+ += .*|[a-z_]+ \{|\}|# .*)| *)$`)
	whole := commented.ReplaceAllString(string(text), "$1")
	whole = strings.Replace(whole, `"nomad"]`, `"root"]`, 1) // a user who is there
	c := load(t, nil, "--config", written(t, whole))
	if len(c.AllowUIDs) != 1 || c.Datacenter == "" || !c.Consul.Enabled || len(c.DNS.Names) != 1 || c.Agents.ClientCAFile == "" || c.TLS.KeyFile == "" {
		t.Errorf("not everything was uncommented: %+v", c)
	}
}

// What the documentation says is an error is one, in these words.
func TestTheErrorInTheDocumentationIsThatOfTheProgram(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/sidecar.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	path := written(t, strings.Replace(string(example), "\nservers =", "\nsorvers =", 1))
	_, _, err = loader(t, nil, "--config", path).Load(t.Context())
	if err == nil || !strings.Contains(string(text), strings.Replace(err.Error(), path, "/etc/rpcproxy/sidecar.hcl", 1)) {
		t.Errorf("the documentation has another text than %v", err)
	}
	for _, s := range settings {
		if strings.HasPrefix(s.env, "NOMAD_") && !strings.Contains(string(text), s.env) {
			t.Errorf("the documentation does not name %s", s.env)
		}
	}
}
