package labels_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func Example() {
	servers := labels.NewNames(2)
	for _, addr := range []string{"a:4647", "b:4647", "c:4647", "a:4647"} {
		fmt.Println(servers.Label(addr, true))
	}
	// Output:
	// a:4647
	// b:4647
	// other
	// a:4647
}

const token = "8f2c1a34-5b6d-4e7f-9a0b-1c2d3e4f5a6b"

func TestNamesBeyondTheBoundShareALabel(t *testing.T) {
	const most = 50
	names := labels.NewNames(most)
	var all sync.WaitGroup
	var seen [8]map[string]bool
	for g := range seen {
		seen[g] = map[string]bool{}
		all.Go(func() {
			for i := range 200 {
				seen[g][names.Label(fmt.Sprint("n", i), true)] = true
			}
		})
	}
	all.Wait()
	union := map[string]bool{}
	for _, s := range seen {
		for name := range s {
			union[name] = true
		}
	}
	if len(union) != most+1 || !union[labels.Other] {
		t.Errorf("%d labels", len(union))
	}
	if got := labels.NewNames(10).Label("a", false); got != labels.Other {
		t.Errorf("one that is not admitted is %q", got)
	}
	if got := labels.NewNames(-1).Label("a", true); got != labels.Other {
		t.Errorf("without room one is %q", got)
	}
}

func TestNoTokenIsALabel(t *testing.T) {
	for name, want := range map[string]bool{
		"Status.Ping": true, "10.0.0.1:4647": true, "[fe80::1%eth0]:4647": true, "nomad-a.example": true, "x_1": true,
		"": false, "a b": false, "a\n": false, "é": false, "user@host": false, "a/b": false, strings.Repeat("x", 129): false,
		token: false, "Node." + token: false, "Such" + token: false, "eyJhbGciOi.eyJhdWQi.c2ln-_": false, "x.eyJhbGciOi.eyJhdWQi.c2ln": false,
	} {
		if got := labels.Plain(name); got != want {
			t.Errorf("Plain(%q) is %v", name, got)
		}
	}
	for name, want := range map[string]bool{
		"Status.Ping": true, "Node.UpdateStatus2": true, "A.B": true, "CSI_Volume.Get": true,
		"": false, ".": false, "Status": false, "Status.": false, ".Ping": false, "status.Ping": false, "Status.ping": false,
		"A.B.C": false, "A.B\n": false, token: false, "Node." + token: false, "Node.A" + token: false,
		"eyJhbGciOi.eyJhdWQi.c2ln": false, "É.A": false, "A." + strings.Repeat("X", 127): false,
	} {
		if got := labels.Method(name); got != want {
			t.Errorf("Method(%q) is %v", name, got)
		}
	}
}

func TestACacheKeepsWhatWasMade(t *testing.T) {
	var c labels.Cache[int, *int]
	made := 0
	of := func(i int) *int { return c.Of(i, func(i int) *int { made++; return &i }) }
	first := of(1)
	if of(2) == first || of(1) != first || *first != 1 || made != 2 {
		t.Errorf("%d were made", made)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 100 {
				if got := *c.Of(i, func(i int) *int { return &i }); got != i {
					t.Errorf("of %d: %d", i, got)
				}
			}
		})
	}
	all.Wait()
}

func TestAKnownNameCostsNothing(t *testing.T) {
	names, cache := labels.NewNames(1), new(labels.Cache[string, int])
	names.Label("Status.Ping", true)
	length := func(s string) int { return len(s) }
	cache.Of("a", length)
	if n := testing.AllocsPerRun(100, func() { names.Label("Status.Ping", true); cache.Of("a", length) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
