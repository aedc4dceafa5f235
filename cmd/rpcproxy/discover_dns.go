package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
)

// discoverDNS is the command discover dns.
type discoverDNS struct {
	findings
	services, resolvers []string
	port                int
}

func newDiscoverDNS() *cobra.Command {
	d := &discoverDNS{}
	cmd := &cobra.Command{
		Use:   "dns NAME...",
		Short: "Find servers by DNS",
		Long: `discover dns asks for names and prints the servers they lead to, one on a line,
each with the name it came from: the addresses of a host name, with its port or
that of --port; for a name that begins with an underscore, and those of --srv,
the addresses and ports that its SRV records lead to, with the target behind the
name. They are in the order in which an agent would try them, which is random among
equals.

A name that leads nowhere is reported on standard error.

With --ping it measures the servers as the command ping does; --ca and the other
TLS flags are for that.

Exit status: 0 servers were found, and answered every ping, 1 none was, or some
did not, 2 bad usage.`,
		Example: `  rpcproxy discover dns nomad.example.com
  rpcproxy discover dns _nomad-rpc._tcp.example.com --ping
  rpcproxy discover dns --srv nomad.service.consul --resolver 127.0.0.1:8600 --json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, names []string) error { return d.run(cmd, names) },
	}
	d.add(cmd)
	d.pinger.addRegion(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&d.services, "srv", nil, "names to ask for SRV records, with or without an underscore")
	flags.StringSliceVar(&d.resolvers, "resolver", nil, "DNS servers to ask, as host, host:port or [IPv6]:port, in place of the system's")
	flags.IntVar(&d.port, "port", 4647, "port of the names without one")
	return cmd
}

func (d *discoverDNS) run(cmd *cobra.Command, names []string) error {
	if len(names)+len(d.services) == 0 {
		return errors.New("there is no name to ask for: give one, or --srv")
	}
	if err := d.check(cmd, false); err != nil {
		return err
	}
	finder, err := dns.New(dns.Config{
		Names: names, Services: trimmed(d.services), Port: d.port, Resolvers: trimmed(d.resolvers), Timeout: d.pinger.timeout,
	})
	if err != nil {
		return err
	}
	servers, failures := finder.Lookup(cmd.Context())
	var found []discovered
	for _, s := range servers {
		found = append(found, discovered{addr: s.Addr, from: s.Name, via: s.Target})
	}
	var missed []notFound
	for _, e := range failures {
		missed = append(missed, notFound{from: e.Name, err: e})
	}
	return d.report(cmd, found, missed, &dns.NoServersError{Lookups: failures})
}
