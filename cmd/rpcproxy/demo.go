package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

// demoCommand is the command demo.
type demoCommand struct {
	scenario demo.Scenario
	cfg      demo.Config
	status   string
	json     bool
	verbose  bool
}

func newDemo(s demo.Scenario) *cobra.Command {
	d := &demoCommand{scenario: s}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Let the servers of a fake cluster fail, and show that calls go on",
		Long: `demo starts a cluster of fake servers inside this process, a proxy in front of
it, callers and a heartbeat, and lets the servers fail in seven ways, for half a
minute altogether. It needs no network and no other program.

For each step it prints how many calls began in it, how many of these failed, the
longest time in which no call succeeded, and the active server at its end. Every
call has 30 s, longer than any of the outages: a call that fails was lost.

With --status the proxy is shown meanwhile: open the address in a browser. With
--hold the calls go on at the end, until Ctrl-C.

Exit status: 0 no call was lost, 1 some were, or goroutines were left, 2 bad
usage, 130 interrupted: then --json prints what there is up to then.`,
		Example: `  rpcproxy demo
  rpcproxy demo --servers 3 --callers 200 --verbose
  rpcproxy demo --tls
  rpcproxy demo --status 127.0.0.1:4748 --hold
  rpcproxy demo --json | jq .failed`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd) },
	}
	flags := cmd.Flags()
	flags.IntVar(&d.cfg.Servers, "servers", 5, "servers to begin with, 3 to 9")
	flags.IntVar(&d.cfg.Callers, "callers", 50, "callers, 1 to 1000")
	flags.Uint64Var(&d.cfg.Seed, "seed", 0, "repeat the random choices of that seed; 0 makes new ones")
	flags.BoolVar(&d.cfg.TLS, "tls", false, "over TLS, with a CA made for the demo")
	flags.StringVar(&d.status, "status", "", "show the proxy over HTTP at this loopback address, as host:port, or at unix: and a path")
	flags.BoolVar(&d.cfg.Hold, "hold", false, "go on after the last step until Ctrl-C")
	flags.BoolVar(&d.json, "json", false, "print one JSON object at the end and nothing else")
	flags.BoolVarP(&d.verbose, "verbose", "v", false, "show the proxy's log on standard error")
	return cmd
}

func (d *demoCommand) run(cmd *cobra.Command) error {
	switch n := d.cfg; {
	case n.Servers < 3 || n.Servers > 9:
		return fmt.Errorf("--servers is %d: give 3 to 9, so that one can be missed", n.Servers)
	case n.Callers < 1 || n.Callers > 1000:
		return fmt.Errorf("--callers is %d: give 1 to 1000", n.Callers)
	}
	errs := cmd.ErrOrStderr()
	lines, progress := cmd.OutOrStdout(), errs
	if d.verbose {
		d.cfg.Logger = zerolog.New(zerolog.SyncWriter(zerolog.ConsoleWriter{Out: errs})).With().Timestamp().Logger()
		progress = nil // the log would tear it apart
	}
	if d.json {
		lines = io.Discard
	}
	if d.status != "" {
		l, err := status.Listen(d.status)
		if err != nil {
			return fmt.Errorf("--status: %w", err)
		}
		d.cfg.Status = l
		fmt.Fprintln(errs, "the proxy is shown at", status.URL(l.Addr()))
	}
	r, err := demo.Run(cmd.Context(), d.scenario, d.cfg, lines, progress)
	if cmd.Context().Err() != nil && !r.Held() {
		if d.json {
			if err := r.JSON(cmd.OutOrStdout()); err != nil {
				return failed(err)
			}
		}
		return errInterrupted
	}
	for _, cause := range r.Causes() {
		fmt.Fprintln(errs, "lost:", printable.Text(cause))
	}
	if err != nil && !(r.Held() && errors.Is(err, context.Canceled)) {
		return failed(err)
	}
	write := r.Table
	if d.json {
		write = r.JSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return failed(err)
	}
	if err := r.Verdict(); err != nil {
		return failed(err)
	}
	return nil
}
