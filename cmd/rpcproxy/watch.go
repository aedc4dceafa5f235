package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/terminal"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch/agentfeed"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch/probing"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch/terminalui"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// watcher is the command watch.
type watcher struct {
	clusterFlags
	token             tokenFlags
	agent             string
	interval, timeout time.Duration
	once, json        bool
}

func newWatch() *cobra.Command {
	w := &watcher{}
	cmd := &cobra.Command{
		Use:   "watch [--servers ADDR[,ADDR...] | --agent URL|unix:PATH]",
		Short: "See which server is in front, and what changes",
		Long: `watch shows the servers on the terminal, live: which one is in front, which answer
and how fast, which one leads as they say, what they run, and below what has changed
and why. In front is the one that an agent with these servers would call.

It pings each server once in --interval, and asks it for its leader once in a second
at most. With --agent it asks no server, but shows the state of an agent, or of a
sidecar, that serves its status (package proxy/status) at a URL, at host:port, or at
a Unix socket: what that one knows and does, and its heartbeat. If the agent is not
reached it tries again.

Keys: q quit, p pause, e explain what was decided and why, arrows select a server,
? help, Ctrl-Z back to the shell until fg.

Where standard output or input is no terminal, or TERM is dumb or not set, it prints a
line for each change; of failovers that go on and on, fewer and fewer. With --json
each change is one object: at, kind (server, state, move, leader, version, listed,
unlisted, served, heartbeat, agent), level (info, warn), text, and, where they belong
to the kind, server, from, to, reason, seconds, and status with state, in_front,
rtt_ms, p99_ms, probes, lost, leader, version and source. The first objects are of the
kind server, one for each.

--once prints the servers and ends: a table, or with --json such an object for each.

A version is known where the servers have no ACLs, or the token has node:read.
NO_COLOR turns colors off.

` + aboutVariables + ` With --agent the flags of TLS are for
an agent that speaks HTTPS.

Exit status: 0 quit, or a server answers (--once), 1 none does, or the agent does not
tell its state or is not served (--once), 2 bad usage, 130 interrupted, 143 ended by
SIGTERM.`,
		Example: `  rpcproxy watch --servers 10.0.0.1,10.0.0.2,10.0.0.3
  rpcproxy watch --agent http://127.0.0.1:8080
  rpcproxy watch --agent unix:/run/nomad/status.sock --json | jq 'select(.kind == "move")'
  NOMAD_ADDR=http://10.0.0.9:4646 rpcproxy watch --once`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return w.run(cmd) },
	}
	w.add(cmd)
	w.token.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&w.agent, "agent", "", "show the state of an agent: the URL of its status, host:port, or unix: and the path of a socket")
	flags.DurationVarP(&w.interval, "interval", "i", time.Second, "time between two probes of a server, plus or minus a tenth")
	flags.DurationVarP(&w.timeout, "timeout", "t", 2*time.Second, "how long to wait for each answer, and five times as long for an agent's state")
	flags.BoolVar(&w.once, "once", false, "print the servers once and end")
	flags.BoolVar(&w.json, "json", false, "print an object for each change, on a line of its own")
	cmd.MarkFlagsMutuallyExclusive("agent", "servers")
	cmd.MarkFlagsMutuallyExclusive("agent", "token-file")
	cmd.MarkFlagsMutuallyExclusive("agent", "interval")
	return cmd
}

func (w *watcher) run(cmd *cobra.Command) error {
	switch {
	case w.interval < usualInterval:
		return fmt.Errorf("--interval is %v: give %v or more", w.interval, usualInterval)
	case w.timeout <= 0:
		return fmt.Errorf("--timeout is %v: give a positive duration", w.timeout)
	case cmd.Flags().Changed("agent") && w.agent == "":
		return errors.New("--agent is empty: give a URL, or unix: and the path of a socket")
	}
	model, source, err := w.open(cmd)
	if err != nil {
		return err
	}
	err = w.show(cmd, model, source)
	_, failed := errors.AsType[*failure](err)
	switch {
	case err == nil || failed:
		return err
	case cmd.Context().Err() != nil || errors.Is(err, terminalui.ErrInterrupted):
		return errInterrupted
	}
	return &failure{status: exitFailed, err: err}
}

// open makes the model and what tells it. The source must be run.
func (w *watcher) open(cmd *cobra.Command) (*watch.Model, watch.Source, error) {
	if w.agent != "" {
		return w.openAgent(cmd.Context())
	}
	servers, err := w.find(cmd)
	if err != nil {
		return nil, nil, err
	}
	tls, err := w.tls.config(cmd.Context(), w.region)
	if err != nil {
		return nil, nil, err
	}
	token, err := w.token.token(cmd)
	if err != nil {
		return nil, nil, err
	}
	prober, err := probing.Start(probing.Config{
		Servers: servers, Region: w.region, Token: token, TLS: tls,
		Interval: w.interval, Timeout: w.timeout, Reason: reason,
	})
	if err != nil {
		return nil, nil, err
	}
	return watch.NewModel(addrs(servers)), prober, nil
}

func (w *watcher) openAgent(ctx context.Context) (*watch.Model, watch.Source, error) {
	api, err := w.tls.api(ctx, w.region)
	if err != nil {
		return nil, nil, err
	}
	api.Addr = w.agent
	feed, err := agentfeed.New(ctx, agentfeed.Config{Agent: api, Idle: 5 * w.timeout, Once: w.once})
	if err != nil {
		return nil, nil, err
	}
	return watch.NewAgentModel(printable.WithoutSecrets(w.agent)), feed, nil
}

// show shows what happens until it ends.
func (w *watcher) show(cmd *cobra.Command, m *watch.Model, source watch.Source) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	ascii := !terminal.UTF8()
	switch {
	case w.once:
		return w.showOnce(ctx, out, m, source, ascii)
	case !w.json && terminal.Is(out) && terminal.Is(os.Stdin):
		return terminalui.Run(ctx, terminalui.Config{In: os.Stdin, Out: out.(*os.File), ASCII: ascii}, m, source) //nolint:forcetypeassert // a terminal is one
	}
	return w.showLines(ctx, out, m, source)
}
