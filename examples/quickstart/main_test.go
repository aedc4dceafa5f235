package main

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestTheLeaderIsNamedAlthoughAServerIsDown(t *testing.T) {
	testutil.VerifyNone(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(t.Context())
	want, err := cluster.AwaitLeader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range cluster.Servers() {
		if s.Addr() != want {
			cluster.Kill(i)
			break
		}
	}
	if got, err := leader(ctx, cluster.Addrs()...); err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	if addr, err := leader(t.Context(), "10.0.0.1:port"); err == nil {
		t.Errorf("%q", addr)
	}
}
