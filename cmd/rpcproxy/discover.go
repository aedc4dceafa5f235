package main

import "github.com/spf13/cobra"

func newDiscover() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "discover SOURCE",
		Short: "Find the servers of a cluster as an agent would",
		Long: `discover asks a source where the servers of a cluster are and prints what it
finds, one address per line.

Exit status: 0 servers were found, 1 none, 2 bad usage.`,
		Example: `  rpcproxy discover consul`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.AddCommand(discoverConsulCommand())
	return cmd
}
