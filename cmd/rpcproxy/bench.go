package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// benchCommand is the command bench.
type benchCommand struct {
	clusterFlags
	token    tokenFlags
	method   string
	callers  int
	duration time.Duration
	calls    int64
	json     bool
	args     map[string]any // of each call; nobody changes it
}

func newBench() *cobra.Command {
	b := &benchCommand{}
	cmd := &cobra.Command{
		Use:   "bench [--servers ADDR[,ADDR...]]",
		Short: "Measure latency and rate of calls through the proxy",
		Long: `bench calls one method through the proxy, over and over, and prints how long the
calls took and how many were answered in a second. Percentiles are exact to 2 %.

The method is sent without arguments but for the region and the ACL token of
--token-file, or else of the variable NOMAD_TOKEN, to the server in front, as any
call is. Give one that only reads. Each call has 10 s, and one that no
server answers is counted with its reason. The call that connects comes first and
is not measured.

With --ca it speaks TLS, and a server must show a certificate for
server.REGION.nomad, or for the name that --tls-server-name gives, or for any
with --no-verify-server-name.

` + aboutVariables + `

Exit status: 0 calls were answered, 1 none was, 2 bad usage, 130 interrupted,
with the figures up to then.`,
		Example: `  rpcproxy bench --servers 10.0.0.1,10.0.0.2,10.0.0.3
  rpcproxy bench --servers 10.0.0.1 --method Status.Leader --callers 16 --duration 1m
  rpcproxy bench --servers 10.0.0.1 --calls 1000 --json | jq .p99_ns`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	b.add(cmd)
	b.token.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&b.method, "method", "Status.Ping", "the method to call, one that only reads")
	flags.IntVar(&b.callers, "callers", 1, "calls at the same time, 1 to 1000")
	flags.DurationVar(&b.duration, "duration", 10*time.Second, "how long to begin calls")
	flags.Int64Var(&b.calls, "calls", 0, "how many calls to make, in place of --duration")
	flags.BoolVar(&b.json, "json", false, "print one JSON object")
	cmd.MarkFlagsMutuallyExclusive("duration", "calls")
	return cmd
}

// benchCallTimeout is the deadline of each call, as that of the command call.
const benchCallTimeout = 10 * time.Second

func (b *benchCommand) run(cmd *cobra.Command) error {
	switch limited := cmd.Flags().Changed("calls"); {
	case b.method == "":
		return errors.New("--method is empty: give one such as Status.Ping")
	case b.callers < 1 || b.callers > 1000:
		return fmt.Errorf("--callers is %d: give 1 to 1000", b.callers)
	case b.duration <= 0:
		return fmt.Errorf("--duration is %v: give a positive duration", b.duration)
	case limited && b.calls < 1:
		return fmt.Errorf("--calls is %d: give a positive number", b.calls)
	}
	servers, err := b.find(cmd)
	if err != nil {
		return err
	}
	tls, err := b.tls.config(cmd.Context(), b.region)
	if err != nil {
		return err
	}
	token, err := b.token.token(cmd)
	if err != nil {
		return err
	}
	b.args = map[string]any{"Region": b.region}
	if token != "" {
		b.args["AuthToken"] = token
	}
	p, err := proxy.Start(proxy.Config{Servers: addrs(servers), Strict: true, Region: b.region, Pool: pool.Config{TLS: tls}})
	if err != nil {
		return err
	}
	r := b.measure(cmd.Context(), p)
	if err := p.Stop(context.WithoutCancel(cmd.Context())); err != nil {
		return failed(err)
	}
	write := r.text
	if b.json {
		write = r.json
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return failed(err)
	}
	switch {
	case cmd.Context().Err() != nil:
		return errInterrupted
	case r.latencies.n == 0:
		return failed(fmt.Errorf("none of %d calls was answered", r.failed))
	}
	return nil
}

// measure makes the calls. It blocks until they have ended, or ctx has: calls that
// end with ctx are not counted.
func (b *benchCommand) measure(ctx context.Context, p *proxy.Proxy) *benchReport {
	r := newBenchReport(b.method, b.callers)
	if err := b.call(ctx, p); err != nil { // it connects
		r.add(ctx, 0, err)
		return r
	}
	var left atomic.Int64
	left.Store(b.calls)
	begin := time.Now()
	more := func(made int) bool { return made == 0 || time.Since(begin) < b.duration }
	if b.calls > 0 {
		more = func(int) bool { return left.Add(-1) >= 0 }
	}
	parts := make([]*benchReport, b.callers)
	var callers sync.WaitGroup
	for i := range parts {
		parts[i] = newBenchReport(b.method, b.callers)
		callers.Go(func() {
			for made := 0; ctx.Err() == nil && more(made); made++ {
				begun := time.Now()
				err := b.call(ctx, p)
				parts[i].add(ctx, time.Since(begun), err)
			}
		})
	}
	callers.Wait()
	r.took = time.Since(begin)
	for _, part := range parts {
		r.merge(part)
	}
	return r
}

// call makes one call, with its deadline.
func (b *benchCommand) call(ctx context.Context, p *proxy.Proxy) error {
	ctx, stop := context.WithTimeout(ctx, benchCallTimeout)
	defer stop()
	return p.Call(ctx, b.method, b.args, nil, proxy.WithClass(classOf(b.method)))
}
