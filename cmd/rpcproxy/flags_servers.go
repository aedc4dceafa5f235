package main

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/messages"
)

// clusterFlags say which servers there are and how to speak to them. Every command that
// connects to a cluster has them.
type clusterFlags struct {
	servers []string
	region  string
	tls     tlsFlags
}

func (f *clusterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.servers, "servers", nil, "servers, as host, host:port or [IPv6]:port; without a port it is "+messages.DefaultPort+
		" (default those that the agent at "+addrVariable+" knows)")
	f.addRegion(cmd)
	f.tls.add(cmd)
}

func (f *clusterFlags) addRegion(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.region, "region", "global", "region of the servers")
	withVariable(cmd, "region", regionVariable)
}

// find returns the servers of --servers, or else those that the agent at NOMAD_ADDR knows. An
// error about bad ones is a *messages.AddrsError that names each.
func (f *clusterFlags) find(cmd *cobra.Command) ([]messages.Server, error) {
	if cmd.Flags().Changed("servers") {
		return parseServers(f.servers)
	}
	if os.Getenv(addrVariable) == "" {
		return nil, errors.New("it is not said which servers: give --servers, or the variable " + addrVariable)
	}
	from := agentFlags{tls: f.tls} // without the variable it is not asked
	if cmd.Flags().Changed("region") || os.Getenv(regionVariable) != "" {
		from.region = f.region
	}
	addrs, err := from.peers(cmd)
	if err != nil {
		return nil, err
	}
	return parseServers(addrs)
}

// addrs are the addresses of servers.
func addrs(servers []messages.Server) []string {
	all := make([]string, len(servers))
	for i, s := range servers {
		all[i] = s.Addr
	}
	return all
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
