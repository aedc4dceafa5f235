package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// completeScenario completes a name; where none begins so, the shell completes files.
func completeScenario(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, _ := completeNames(cmd, args, begin)
	return names, cobra.ShellCompDirectiveDefault
}

// completeNames completes the name of a scenario of the program.
func completeNames(_ *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, name := range fleet.Names() {
		if strings.HasPrefix(name, begin) {
			names = append(names, cobra.CompletionWithDesc(name, firstLine(name)))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completePolicies completes the last of a list, with one that is not in it yet.
func completePolicies(_ *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
	at := strings.LastIndexByte(begin, ',') + 1
	given := "," + begin[:at]
	var lists []string
	for _, name := range []string{"shuffle", "rendezvous", "seat", "stock", "all"} {
		if strings.HasPrefix(name, begin[at:]) && !strings.Contains(given, ","+name+",") {
			lists = append(lists, begin[:at]+name)
		}
	}
	return lists, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completePlot completes files of the kinds that are drawn.
func completePlot(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"svg", "html"}, cobra.ShellCompDirectiveFilterFileExt
}
