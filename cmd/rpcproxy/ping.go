package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// pinger is the command ping, and the flag --ping of discover dns.
type pinger struct {
	clusterFlags
	count    int
	timeout  time.Duration
	interval time.Duration
	json     bool
}

func newPing() *cobra.Command {
	p := &pinger{}
	cmd := &cobra.Command{
		Use:   "ping [--servers ADDR[,ADDR...]]",
		Short: "Ask servers whether they answer, and how fast",
		Long: `ping asks each server, all at the same time, to answer Status.Ping, which any
live server does, also one without a leader or with ACLs.

CONNECT is the time until a first answer, with all that it takes to connect; the
round trips behind it are measured on that connection. Pings of a server are
--interval apart, at least.

With --ca it speaks TLS, and a server must show a certificate for
server.REGION.nomad, or for the name that --tls-server-name gives, or for any
with --no-verify-server-name.

` + aboutVariables + `

Exit status: 0 all answered every ping, 1 some did not, 2 bad usage, 130
interrupted, with the figures up to then.`,
		Example: `  rpcproxy ping --servers 10.0.0.1,10.0.0.2,10.0.0.3
  rpcproxy ping --servers nomad.example.com:4647 --count 20 --timeout 500ms`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.run(cmd) },
	}
	p.add(cmd)
	cmd.Flags().IntVarP(&p.count, "count", "n", 3, "round trips to measure per server")
	cmd.Flags().DurationVarP(&p.timeout, "timeout", "t", 2*time.Second, "how long to wait for each answer")
	cmd.Flags().DurationVarP(&p.interval, "interval", "i", usualInterval, "least time between two pings of a server")
	cmd.Flags().BoolVar(&p.json, "json", false, "print one JSON object")
	return cmd
}

// usualInterval lets no server have more than 10 pings in a second.
const usualInterval = 100 * time.Millisecond

func (p *pinger) run(cmd *cobra.Command) error {
	switch {
	case p.count < 1:
		return fmt.Errorf("--count is %d: give a positive number", p.count)
	case p.timeout <= 0:
		return fmt.Errorf("--timeout is %v: give a positive duration", p.timeout)
	case p.interval < time.Millisecond:
		return fmt.Errorf("--interval is %v: give a millisecond or more", p.interval)
	}
	servers, err := p.find(cmd)
	if err != nil {
		return err
	}
	results, err := p.measure(cmd.Context(), servers)
	if err != nil {
		return err
	}
	print := printTrips
	if p.json {
		print = printTripsJSON
	}
	if err := print(cmd.OutOrStdout(), servers, results, p.count); err != nil {
		return failed(err)
	}
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	return unanswered(results)
}

// measure pings the servers, all at the same time, and returns their trips in the
// same order. When ctx ends they are those up to then.
func (p *pinger) measure(ctx context.Context, servers []messages.Server) ([]trips, error) {
	tls, err := p.tls.config(ctx, p.region)
	if err != nil {
		return nil, err
	}
	connections, err := pool.New(pool.Config{DialTimeout: p.timeout, TLS: tls})
	if err != nil {
		return nil, err
	}
	results := make([]trips, len(servers))
	var pings sync.WaitGroup
	for i, s := range servers {
		pings.Go(func() { results[i] = p.ping(ctx, connections, s) })
	}
	pings.Wait()
	if err := connections.Stop(context.WithoutCancel(ctx)); err != nil {
		return nil, failed(err)
	}
	return results, nil
}

// unanswered is an error unless every ping was answered.
func unanswered(results []trips) error {
	silent := 0
	for _, t := range results {
		if t.err != nil {
			silent++
		}
	}
	if silent > 0 {
		return failed(fmt.Errorf("%d of %d servers did not answer every ping", silent, len(results)))
	}
	return nil
}

// ping connects to one server and measures round trips. It returns after the first
// ping without an answer, or when ctx ends, which is no lack of one.
func (p *pinger) ping(ctx context.Context, connections *pool.Pool, s messages.Server) (t trips) {
	timedOut := fmt.Errorf("no answer within %v", p.timeout)
	once := func() (time.Duration, error) {
		ctx, stop := context.WithTimeout(ctx, p.timeout)
		defer stop()
		rtt, err := connections.Ping(ctx, s.Addr)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			err = timedOut // of the context, the dialer or the socket
		}
		return rtt, err
	}
	t.connect, t.err = once()
	var begun time.Time // none before the first one
	for sent := 0; t.err == nil && sent < p.count; sent++ {
		if !spaced(ctx, begun, p.interval) {
			return t
		}
		begun = time.Now()
		rtt, err := once()
		if t.err = err; err == nil {
			t.took = append(t.took, rtt)
		}
	}
	if t.err != nil && ctx.Err() != nil {
		t.err = nil // it was not waited for
		t.unknown = len(t.took) == 0 && t.connect == 0
	}
	return t
}

// spaced waits until interval is over since begun, or ctx, and reports whether to go on. What
// began at the zero time is long over.
func spaced(ctx context.Context, begun time.Time, interval time.Duration) bool {
	left := time.NewTimer(interval - time.Since(begun))
	defer left.Stop()
	select {
	case <-left.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
