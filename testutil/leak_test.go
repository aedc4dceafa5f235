package testutil

import (
	"fmt"
	"strings"
	"testing"
)

// fakeTB records failures and runs its cleanups on demand.
type fakeTB struct {
	testing.TB
	cleanups []func()
	failures []string
}

func (f *fakeTB) Helper()             {}
func (f *fakeTB) Cleanup(fn func())   { f.cleanups = append(f.cleanups, fn) }
func (f *fakeTB) Error(args ...any)   { f.failures = append(f.failures, fmt.Sprint(args...)) }
func (f *fakeTB) Name() string        { return "fake" }
func (f *fakeTB) Logf(string, ...any) {}
func (f *fakeTB) finish() {
	for i := range f.cleanups {
		f.cleanups[len(f.cleanups)-1-i]()
	}
}

func plantedLeak(release <-chan struct{}) { <-release }

func TestAPlantedLeakIsCaughtAndItsAbsenceIsNot(t *testing.T) {
	clean := &fakeTB{TB: t}
	VerifyNone(clean)
	s := start(clean, ServerConfig{})
	c := dial(clean, s.Addr())
	if err := c.open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	clean.finish()
	if len(clean.failures) != 0 {
		t.Errorf("a clean end was reported as %q", clean.failures)
	}

	leaky := &fakeTB{TB: t}
	release, started := make(chan struct{}), make(chan struct{})
	verifyNone(leaky, 1) // it would only be looked for longer
	go func() { close(started); plantedLeak(release) }()
	<-started
	leaky.finish()
	close(release)
	if len(leaky.failures) != 1 || !strings.Contains(leaky.failures[0], "plantedLeak") {
		t.Errorf("the leak was reported as %q", leaky.failures)
	}
}
