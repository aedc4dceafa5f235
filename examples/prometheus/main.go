// Command prometheus is an agent that Prometheus can scrape: it registers a node, keeps it alive, asks for the leader
// once a second, and serves /metrics.
//
//	go run -C examples/prometheus . -listen 127.0.0.1:9101 10.0.0.1 10.0.0.2
//
// Beside it are what to do with the metrics: dashboard.json for Grafana (Dashboards, New, Import; it asks for the data
// source), and alerts.yml with rules for Prometheus (rule_files), which alerts_test.yml tests. Both name nothing that such an agent
// does not serve.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9101", "serve /metrics at this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ln, err := net.Listen("tcp", *listen)
	if err == nil {
		fmt.Printf("http://%s/metrics\n", ln.Addr())
		err = run(ctx, flag.Args(), ln)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prometheus:", err)
		os.Exit(1)
	}
}
