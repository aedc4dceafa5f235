package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/agentapi"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// discoverNomad is the command discover nomad.
type discoverNomad struct {
	findings
	address string
}

func newDiscoverNomad() *cobra.Command {
	d := &discoverNomad{}
	cmd := &cobra.Command{
		Use:   "nomad",
		Short: "Find servers by a Nomad agent's HTTP API",
		Long: `discover nomad asks the HTTP API of any agent of the cluster, server or client, for
the servers of a region (/v1/status/peers), and prints their addresses for RPC, one
on a line. Those are the addresses that the servers advertise. The API needs no ACL
token for that, and gets none.

--ca, --cert, --key and --tls-server-name are for an agent that speaks HTTPS, and
with --ping for the servers too, which it measures as the command ping does.
--tls-server-name is the name in both certificates.

Exit status: 0 servers were found, and answered every ping, 1 none was, or some
did not, 2 bad usage.`,
		Example: `  rpcproxy discover nomad
  rpcproxy discover nomad --address https://nomad.example.com:4646 --ca ca.pem --json
  NOMAD_ADDR=http://10.0.0.9:4646 rpcproxy discover nomad --ping`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd) },
	}
	cmd.Flags().StringVar(&d.address, "address", "http://127.0.0.1:4646", "the agent's HTTP API, as a URL or host:port")
	withVariable(cmd, "address", addrVariable)
	d.add(cmd)
	d.pinger.addRegion(cmd)
	return cmd
}

func (d *discoverNomad) run(cmd *cobra.Command) error {
	if err := d.check(cmd, true); err != nil {
		return err
	}
	from := agentFlags{addr: d.address, tls: d.pinger.tls, timeout: d.pinger.timeout}
	if cmd.Flags().Changed("region") || os.Getenv(regionVariable) != "" {
		from.region = d.pinger.region
	}
	addrs, err := from.peers(cmd)
	if err != nil {
		return err
	}
	var found []discovered
	for _, addr := range addrs {
		found = append(found, discovered{addr: addr, from: printable.WithoutSecrets(d.address)})
	}
	return d.report(cmd, found, nil, errors.New("the agent names no server"))
}

// agentFlags are how to ask an agent for its servers.
type agentFlags struct {
	addr   string // empty: that of the environment
	region string // empty: the agent's own
	tls    tlsFlags

	timeout time.Duration // of the answer; 0: 3 s
}

// peers asks the agent.
func (f *agentFlags) peers(cmd *cobra.Command) ([]string, error) {
	if f.addr == "" {
		f.addr = os.Getenv(addrVariable)
	}
	cfg, err := f.tls.api(cmd.Context(), f.region)
	if err != nil {
		return nil, err
	}
	cfg.Addr, cfg.Region, cfg.Timeout = f.addr, f.region, f.timeout
	peers, err := agentapi.Peers(cmd.Context(), cfg)
	_, wrong := errors.AsType[*agentapi.AddrError](err)
	switch {
	case err == nil || wrong:
		return peers, err
	case cmd.Context().Err() != nil:
		return nil, errInterrupted
	}
	return nil, failed(err)
}
