package agenthttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/agenthttp"
)

// An agent that knows two servers, and whose clock is an hour fast.
func Example() {
	agent, err := agenthttp.Start(agenthttp.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = agent.Stop(context.Background()) }()
	agent.SetPeers("10.0.0.1:4647", "10.0.0.2:4647")
	agent.SetClock(time.Hour)
	defer http.DefaultClient.CloseIdleConnections()

	for _, path := range []string{"/v1/status/peers", "/v1/status/leader", "/v1/status/peers?region=mars", "/v1/x"} {
		resp, err := http.Get(agent.URL() + path)
		if err != nil {
			panic(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		date, _ := http.ParseTime(resp.Header.Get("Date"))
		fmt.Printf("%d %.40q %v\n", resp.StatusCode, text, time.Until(date) > 59*time.Minute)
	}
	// Output:
	// 200 "[\"10.0.0.1:4647\",\"10.0.0.2:4647\"]\n" true
	// 200 "\"10.0.0.1:4647\"\n" true
	// 500 "No path to region\n" true
	// 404 "404 page not found\n" true
}
