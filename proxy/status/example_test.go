package status_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

// An agent that has a web server mounts the handler there.
func Example() {
	p, err := proxy.Start(proxy.Config{Servers: []string{"10.0.0.1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Stop(context.Background())

	mux := http.NewServeMux()
	mux.Handle("/nomad/", http.StripPrefix("/nomad", status.New(p, status.Config{})))
	server := httptest.NewServer(mux)
	defer server.Close()

	answer, err := http.Get(server.URL + "/nomad/healthz")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	fmt.Println(answer.StatusCode)
	// Output: 200
}
