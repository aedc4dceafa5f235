package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// run is the whole program: it executes args and returns the exit status. s is the
// scenario of the command demo.
func run(ctx context.Context, s demo.Scenario, args []string, out, errs io.Writer) int {
	root := newRoot(s)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	return settle(root.ExecuteContext(ctx), errs)
}

func newRoot(s demo.Scenario) *cobra.Command {
	root := &cobra.Command{
		Use:   "rpcproxy",
		Short: "Nomad RPC over the server that works",
		Long: `rpcproxy carries Nomad RPCs to the server of a cluster that works, and goes on
with the next one when it fails.

Exit status: 0 all went well, 1 the cluster did not do what was asked, 2 bad
usage, 130 interrupted, 143 ended by SIGTERM.`,
		Version:           version(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return readVariables(cmd) },
		SilenceErrors:     true, // settle prints them
		SilenceUsage:      true, // a failed call does not print the flags
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.SetHelpCommand(newHelp())
	root.AddCommand(newDemo(s), newPing(), newWatch(), newCall(), newDiscover(), newBench(), newSimulate(), newSidecar(), newDoctor(), newVersion())
	complete(root)
	return root
}

// newHelp is the command help. The one of package cobra prints an unknown topic as it is.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no help about %s: rpcproxy --help lists the commands", printable.Quote(strings.Join(args, " "), printable.MaxName))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
