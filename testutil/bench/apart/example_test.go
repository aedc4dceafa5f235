package apart_test

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/bench/apart"
)

func Example() {
	fmt.Println(apart.Variants(), apart.Rows()[4].Name())
	// Output: [ours stock joined grpc bare floor] client/heartbeat/16
}
