package testutil_test

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// A follower answers as one whose stream to the leader had ended: the request
// never ran.
func ExampleForwardFailure() {
	fault := testutil.ForwardFailure(testutil.FailStreamClosed).On("Node.UpdateStatus").Times(1)
	fmt.Println(fault)
	fmt.Println(testutil.ForwardFailure(testutil.FailLeadershipLost).Executed()) // and this one ran
	// Output:
	// forward failure "stream closed" on Node.UpdateStatus, 1 times
	// forward failure "leadership lost while committing log"
}

// An operator hands the leadership on.
func ExampleCluster_TransferLeadership() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = cluster.Stop(ctx) }()
	before := cluster.Leader()
	successor := cluster.TransferLeadership()
	if err := cluster.AwaitLeadership(ctx, successor); err != nil {
		panic(err)
	}
	fmt.Println(successor != before, len(cluster.Live()))
	// Output: true 3
}
