package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/messages"
)

// serversFlag adds the flag --servers, which is required.
func serversFlag(cmd *cobra.Command, into *[]string) {
	cmd.Flags().StringSliceVar(into, "servers", nil, "servers, as host, host:port or [IPv6]:port; without a port it is "+messages.DefaultPort)
	if err := cmd.MarkFlagRequired("servers"); err != nil {
		panic(err) // the flag was added just above
	}
}

// parseServers reads addresses, at least one. The error about bad ones is a
// *messages.AddrsError that names each.
func parseServers(addrs []string) ([]messages.Server, error) {
	if len(addrs) == 0 {
		return nil, errors.New("--servers is empty: give at least one address")
	}
	var servers []messages.Server
	var bad messages.AddrsError
	for _, a := range trimmed(addrs) {
		s, err := messages.ParseServer(a)
		if wrong, ok := errors.AsType[*messages.AddrError](err); ok { // always
			bad.Errs = append(bad.Errs, wrong)
			continue
		}
		servers = append(servers, s)
	}
	if len(bad.Errs) > 0 {
		return nil, &bad
	}
	return servers, nil
}

// trimmed is a list of the command line without the blanks around its commas.
func trimmed(list []string) []string {
	each := make([]string, len(list))
	for i, s := range list {
		each[i] = strings.TrimSpace(s)
	}
	return each
}
