package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// limit is how long is waited for what must happen, on however slow a machine:
// ample, as flags have it, in place of the limits that the commands have by
// themselves.
const (
	limit = time.Minute
	ample = "--timeout=1m"
)

// program runs the program and answers what it wrote and exited with.
func program(t *testing.T, p play, args ...string) (out, errs string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), p, args, &o, &e)
	return o.String(), e.String(), status
}

// playDemo runs the demo. It waits first until the goroutines of earlier tests
// are gone: the demo compares numbers, and one that ends meanwhile would hide one
// that is left.
func playDemo(t *testing.T, p play, args ...string) (out, errs string, status int) {
	t.Helper()
	testutil.AwaitNone(t)
	return program(t, p, append([]string{"demo"}, args...)...)
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
