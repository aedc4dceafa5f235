package apart

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func workersAreOnTheirCPUs(t *testing.T, programs *Programs) {
	cpus, err := allowed()
	if err != nil || len(cpus) < 2 {
		t.Skipf("nothing to pin to: %v, %v", cpus, err)
	}
	b := open(t.Context(), t, programs, Config{}, "floor")
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	client, err := start(t.Context(), b.place.client, b.programs.client(b.programs.variants[0]), "-addr", b.servers["floor"].ready.Addrs["floor"], "-call", "ping")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := client.close(); err != nil {
			t.Error(err)
		}
	}()
	for p, want := range map[*process]int{b.started[0]: cpus[0], client: cpus[1]} {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprintf("Cpus_allowed_list:\t%d\n", want); !strings.Contains(string(status), line) {
			t.Errorf("%s is not on CPU %d:\n%s", p.name, want, status)
		}
	}
	if after, err := allowed(); err != nil || len(after) != len(cpus) {
		t.Errorf("this process was moved, too: %v, %v", after, err)
	}
}
