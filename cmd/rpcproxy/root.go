package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// run is the whole program: it executes args and answers the exit status. p is
// what the demo plays.
func run(ctx context.Context, p play, args []string, out, errs io.Writer) int {
	root := newRoot(p)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	return settle(root.ExecuteContext(ctx), errs)
}

func newRoot(p play) *cobra.Command {
	root := &cobra.Command{
		Use:   "rpcproxy",
		Short: "Nomad RPC over the server that works",
		Long: `rpcproxy carries Nomad RPCs to the server of a cluster that works, and goes on
with the next one when it fails.

Exit status: 0 all went well, 1 the cluster did not do what was asked, 2 bad
usage, 130 interrupted.`,
		SilenceErrors: true, // settle tells them
		SilenceUsage:  true, // a failed call is no reason to explain flags
	}
	root.AddCommand(newDemo(p), newPing(), newCall(), newDiscover(), newBench())
	return root
}
