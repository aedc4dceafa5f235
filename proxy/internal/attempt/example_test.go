package attempt_test

import (
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// spender has tokens without end.
type spender struct{}

func (spender) Spend() bool { return true }

// A read whose first server hangs.
func ExampleCall() {
	now := time.Unix(0, 0)
	view := messages.NewView(1, []messages.Ranked{
		{Server: messages.Server{Addr: "10.0.0.1:4647"}}, {Server: messages.Server{Addr: "10.0.0.2:4647"}},
	}, 0, 100, "")
	call := attempt.Call{Config: attempt.Config{Repeatable: true, Deadline: now.Add(5 * time.Second)}}
	for {
		do := call.Next(&attempt.Env{
			Now: now, View: view, Draw: func(n int64) int64 { return n / 2 }, Tokens: spender{},
		})
		fmt.Println(do.Do == attempt.Try, do.Server.Addr, do.Limit.Round(time.Millisecond))
		if do.Server.Addr == "10.0.0.2:4647" {
			return // answered
		}
		now = now.Add(do.Limit)
		call.Failed(now, attempt.Failure{Kind: attempt.Cut})
	}
	// Output:
	// true 10.0.0.1:4647 1.667s
	// true 10.0.0.2:4647 1.111s
}
