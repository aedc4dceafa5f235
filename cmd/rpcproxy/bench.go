package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/bench"
)

// benchmark is the command bench.
type benchmark struct {
	rounds int
	only   string
	curves bool
	json   bool
}

func newBench() *cobra.Command {
	b := &benchmark{}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what the proxy costs, beside a plain way and the least it could cost",
		Long: `bench measures, in one process and in turns: what it costs to find a server, to
send a message, to make a call, to hear of a failure and of a heartbeat, and what
is held while nothing happens. Beside each stands a plain way to do the same (the
baseline) and the least it could cost (the floor), where there is one.

It needs no network and no other program: all servers run in this process, on
loopback. The default run takes a minute or two. Look at the ratios: the times
are those of this machine.

--curves shows instead how costs grow with callers, servers, message size and
sessions: growth is the cost beside that of the first point and, in brackets,
beside what that would have come to in proportion.

Exit status: 0 all was measured, 1 something failed, 2 bad usage, 130
interrupted.`,
		Example: `  rpcproxy bench
  rpcproxy bench --only '^call/tcp/64B' --rounds 20
  rpcproxy bench --curves --only callers
  rpcproxy bench --json | jq '.[] | {work, ratio_to_baseline}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	flags := cmd.Flags()
	flags.IntVar(&b.rounds, "rounds", 10, "rounds, 1 to 1000")
	flags.StringVar(&b.only, "only", "", "measure the works whose names match this regular expression")
	flags.BoolVar(&b.curves, "curves", false, "measure how costs grow, instead of the works")
	flags.BoolVar(&b.json, "json", false, "print one JSON array at the end and nothing else")
	return cmd
}

func (b *benchmark) run(cmd *cobra.Command) error {
	if b.rounds < 1 || b.rounds > 1000 {
		return fmt.Errorf("--rounds is %d: give 1 to 1000", b.rounds)
	}
	o := bench.Options{Rounds: b.rounds}
	if b.only != "" {
		var err error
		if o.Only, err = regexp.Compile(b.only); err != nil {
			return fmt.Errorf("--only is %q, which is no regular expression: %w", b.only, err)
		}
	}
	measure := bench.Works
	if b.curves {
		measure = bench.Curves
	}
	results := []bench.Result{} // an array in JSON, whatever happens
	lines := cmd.OutOrStdout()
	if b.json {
		lines = io.Discard
	}
	table := bench.NewTable(lines)
	err := measure(cmd.Context(), o, func(r bench.Result) {
		results = append(results, r)
		table.Row(r)
	})
	if nothing, ok := errors.AsType[*bench.NoSuchWorkError](err); ok {
		return fmt.Errorf("--only %w", nothing)
	}
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return failed(err)
	}
	table.Legend()
	if b.json {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(results)
	}
	if err != nil {
		return failed(err)
	}
	return nil
}
