package pool_test

import (
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool"
)

// An agent's own Caller has a server's error as text. What it returns says the same as the error of a
// Pool, so that the proxy sends the call again where that is right.
func ExampleReadRemoteError() {
	for _, text := range []string{"rpc error: No cluster leader", "No path to region", "rpc error: RPC Error:: 409,job exists"} {
		answer, outcome := pool.ReadRemoteError(text)
		err := error(&pool.CallError{
			Method: "Job.Register", Server: "10.0.0.1:4647", Phase: pool.PhaseRemote, Outcome: outcome, Err: answer,
		})
		fmt.Println(err)
		fmt.Println(errors.Is(err, pool.ErrNoLeader), errors.Is(err, pool.ErrNoRegionPath), answer.Code, answer.Hops)
	}
	// Output:
	// Job.Register on 10.0.0.1:4647: remote: No cluster leader (rejected)
	// true false 0 1
	// Job.Register on 10.0.0.1:4647: remote: No path to region (rejected)
	// false true 0 0
	// Job.Register on 10.0.0.1:4647: remote: job exists (maybe executed)
	// false false 409 1
}
