package round_test

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

func Example() {
	g := round.New(round.Work{Workers: 2, Chunk: 1000, Do: func(_ context.Context, _, n int) error {
		for range n {
			_ = fmt.Sprint(n)
		}
		return nil
	}})
	s, err := g.Round(context.Background(), time.Millisecond)
	fmt.Println(s.Calls >= 2000, s.NS > 0, err)
	// Output: true true <nil>
}
