package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
)

// discoverConsul is the command discover consul.
type discoverConsul struct {
	cfg     consul.Config
	timeout time.Duration
	json    bool
}

func newDiscoverConsul() *cobra.Command {
	s := &discoverConsul{}
	cmd := &cobra.Command{
		Use:   "consul",
		Short: "Find servers in Consul's catalogue",
		Long: `consul asks Consul for the servers of the first datacenter that has any, its own
first, and prints their addresses, the nearest first, one per line. Servers in a
critical state or in maintenance come last; how many they are is printed on standard
error. Entries that cannot be dialed are left out, and counted there too.

Settings without a flag are those of the environment variables of Consul's own
client (CONSUL_HTTP_ADDR, CONSUL_CACERT and the others), or else those of the Consul
agent on this machine. The ACL token is, in this order, the content of --token-file,
that of the file CONSUL_HTTP_TOKEN_FILE, or CONSUL_HTTP_TOKEN; it is never a flag,
which every user of the machine could read.

Exit status: 0 servers were found, 1 none, 2 bad usage.`,
		Example: `  rpcproxy discover consul
  rpcproxy discover consul --address https://consul.example.com:8501 --ca consul-ca.pem
  rpcproxy ping --servers "$(rpcproxy discover consul | paste -sd , -)"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&s.cfg.Address, "address", "", "Consul's HTTP API: host:port, a URL, or unix:// and a path")
	flags.StringVar(&s.cfg.TokenFile, "token-file", "", "file with the ACL token, or a pipe, as <(command) is one, in place of CONSUL_HTTP_TOKEN_FILE and CONSUL_HTTP_TOKEN")
	flags.StringVar(&s.cfg.CAFile, "ca", "", "speak TLS: file with the CA of Consul's certificate")
	flags.StringVar(&s.cfg.CertFile, "cert", "", "speak TLS: file with the certificate to show")
	flags.StringVar(&s.cfg.KeyFile, "key", "", "file with the key of --cert")
	flags.StringVar(&s.cfg.ServerName, "tls-server-name", "", "name in Consul's certificate, in place of the host of --address")
	flags.StringVar(&s.cfg.Datacenter, "datacenter", "", "Consul's datacenter to ask first, in place of its agent's own")
	flags.StringVar(&s.cfg.Service, "service", "nomad", "the name that servers are registered under")
	flags.StringVar(&s.cfg.Tag, "tag", "rpc", "the tag they have")
	flags.DurationVarP(&s.timeout, "timeout", "t", 10*time.Second, "how long to search, in all datacenters together")
	flags.BoolVar(&s.json, "json", false, "print one JSON object")
	return cmd
}

func (s *discoverConsul) run(cmd *cobra.Command) error {
	if s.timeout <= 0 {
		return fmt.Errorf("--timeout is %v: give a positive duration", s.timeout)
	}
	if err := s.readPipe(cmd.Context()); err != nil {
		return err
	}
	finder, err := consul.New(s.cfg)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeoutCause(cmd.Context(), s.timeout, fmt.Errorf("no servers found within %v", s.timeout))
	defer stop()
	found, err := finder.Walk(ctx)
	if err != nil && cmd.Context().Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return failed(err)
	}
	if err := s.print(cmd.OutOrStdout(), found); err != nil {
		return failed(err)
	}
	if found.Critical > 0 {
		warn(cmd.ErrOrStderr(), fmt.Sprintf("%d of %d servers, the last ones, are in a critical state or in maintenance", found.Critical, len(found.Addrs)))
	}
	if found.Skipped > 0 {
		warn(cmd.ErrOrStderr(), fmt.Sprintf("%d entries of datacenter %s cannot be dialed", found.Skipped, printable.Quote(found.Datacenter, printable.MaxName)))
	}
	return nil
}

// readPipe reads --token-file if it is a pipe, which a walk could not read again.
func (s *discoverConsul) readPipe(ctx context.Context) error {
	text, err := piped(ctx, "token-file", s.cfg.TokenFile, maxToken)
	if err != nil || text == "" {
		return err
	}
	s.cfg.Token, s.cfg.TokenFile = strings.TrimSpace(text), ""
	return nil
}

// maxToken bounds a token, in bytes.
const maxToken = 64 << 10

// print writes the addresses, or the same JSON as discover dns.
func (s *discoverConsul) print(out io.Writer, found consul.Found) error {
	if s.json {
		var list []discovered
		for _, addr := range found.Addrs {
			list = append(list, discovered{addr: addr, from: found.Datacenter})
		}
		return new(findings).object(out, list, nil, nil, nil)
	}
	_, err := fmt.Fprintln(out, strings.Join(found.Addrs, "\n"))
	return err
}
