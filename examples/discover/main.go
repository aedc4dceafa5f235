// Command discover finds the servers of a cluster by DNS and by Consul, and explains which
// one the agent would call.
//
//	go run ./examples/discover _nomad-rpc._tcp.example.com
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
)

func main() {
	err := run(context.Background(), os.Stdout, dns.Config{Names: os.Args[1:]}, "")
	if err != nil {
		fmt.Fprintln(os.Stderr, "discover:", err)
		os.Exit(1)
	}
}
