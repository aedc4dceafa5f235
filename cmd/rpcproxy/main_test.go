package main

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	for _, name := range []string{addrVariable, regionVariable, tokenVariable, caVariable, certVariable, keyVariable, serverNameVariable} {
		_ = os.Unsetenv(name) // it fails for names that are none
	}
	testutil.Main(m)
}

// asProgram is the variable that makes this test's executable the program itself, so that a
// test can run it as a process.
const asProgram = "TEST_AS_PROGRAM"

// limit is how long a test waits for an event that must come, on a slow machine
// too. ample is the same as a flag, in place of the defaults of the commands.
const (
	limit = time.Minute
	ample = "--timeout=1m"
)

// program runs the program and returns what it wrote, and its exit status.
func program(t *testing.T, args ...string) (out, errs string, status int) {
	t.Helper()
	return programWith(t, demo.Full(), args...)
}

func programWith(t *testing.T, s demo.Scenario, args ...string) (out, errs string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), s, args, &o, &e)
	return o.String(), e.String(), status
}

// runDemo runs the demo. It waits first for the end of the goroutines of earlier
// tests: the demo compares numbers of goroutines, and one that ends meanwhile would
// hide one that is left.
func runDemo(t *testing.T, s demo.Scenario, args ...string) (out, errs string, status int) {
	t.Helper()
	testutil.AwaitNone(t)
	return programWith(t, s, append([]string{"demo"}, args...)...)
}

// expect fails t when a run did not exit as it should have.
func expect(t *testing.T, status, want int, out, errs string) {
	t.Helper()
	if status != want {
		t.Fatalf("exit status %d, want %d\nout: %s\nerr: %s", status, want, out, errs)
	}
}

// startCluster starts a cluster that ends with t.
func startCluster(t *testing.T) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		if err := c.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}
