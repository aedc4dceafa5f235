package fleet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// printed is what comes out of a run with faults of all kinds, advanced by each or at once.
func printed(t *testing.T, policy Policy, each time.Duration) []byte {
	t.Helper()
	cfg := of(10_000)
	cfg.Policy, cfg.Discovery, cfg.Agents, cfg.For = policy, true, 200, 4*time.Minute
	cfg.Faults = append(outageOf(20*time.Second),
		Fault{40 * time.Second, func(f *Fleet) { f.Hang(0) }},
		Fault{60 * time.Second, func(f *Fleet) { f.Cut(1, 50) }},
		Fault{80 * time.Second, func(f *Fleet) { f.Unhang(0); f.Freeze(2) }},
		Fault{100 * time.Second, func(f *Fleet) { f.Thaw(2); f.Kill(4); f.Kill(3); f.Kill(2) }},
	)
	f := New(cfg)
	if each == 0 {
		f.Run()
	} else {
		for f.Advance(each) {
		}
	}
	if f.Now() != cfg.For {
		t.Errorf("the run ended at %v", f.Now())
	}
	r := f.Report()
	if f.Out() != r.Out {
		t.Errorf("%d agents are out, the report has %d", f.Out(), r.Out)
	}
	var b bytes.Buffer
	r.print(&b)
	f.timeline(&b, 10*time.Second)
	if err := json.NewEncoder(&b).Encode(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// policies are all of them.
var policies = []Policy{Shuffle, Rendezvous, Seated, Stock}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	t.Parallel()
	for _, p := range policies {
		once, again, inSteps := printed(t, p, 0), printed(t, p, 0), printed(t, p, 777*time.Millisecond)
		if !bytes.Equal(once, again) {
			t.Errorf("%v: once\n%s\nagain\n%s", p, once, again)
		}
		if !bytes.Equal(once, inSteps) {
			t.Errorf("%v: at once\n%s\nin steps\n%s", p, once, inSteps)
		}
	}
}

// digestOnly has a process of this test print the digest of its runs.
const digestOnly = "FLEET_DIGEST"

func TestProcessesGiveTheSameRun(t *testing.T) {
	t.Parallel()
	all := sha256.New()
	for _, p := range policies {
		all.Write(printed(t, p, 0))
	}
	digest := "digest " + hex.EncodeToString(all.Sum(nil))
	if os.Getenv(digestOnly) != "" {
		_, _ = os.Stdout.WriteString(digest + "\n")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, procs := range []string{"1", "2"} {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestProcessesGiveTheSameRun$")
		cmd.Env = append(os.Environ(), digestOnly+"=1", "GOMAXPROCS="+procs)
		out, err := cmd.Output()
		if err != nil || !strings.Contains(string(out), digest) {
			t.Errorf("GOMAXPROCS=%s: %v\n%s\nwant %s", procs, err, out, digest)
		}
	}
}
