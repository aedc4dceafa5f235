package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newDiscover makes the parent of the discovery commands.
func newDiscover() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "discover",
		Short: "Find servers as an agent would",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var ways []string
			for _, w := range cmd.Commands() {
				ways = append(ways, w.CommandPath())
			}
			return fmt.Errorf("it is not said where to look: give one of %s", strings.Join(ways, ", "))
		},
	}
	cmd.AddCommand(newDiscoverDNS(), newDiscoverConsul(), newDiscoverNomad())
	return cmd
}
