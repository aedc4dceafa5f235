package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// newVersion makes the command version.
func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program, its commit, and that of Go",
		Long: `version prints which release of the program this is, or the version that Go gives a
build of a clone, the commit that it was built from, and the version of Go.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "rpcproxy version %s\n", version())
			return err
		},
	}
}

// version is that of the module, and the commit if it was built from a working copy.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && s.Value != "" {
			text += " " + s.Value[:min(len(s.Value), 12)]
		}
	}
	return text + " " + info.GoVersion
}
