package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/doctor"
)

// doctorCommand is the command doctor.
type doctorCommand struct {
	clusterFlags
	token    tokenFlags
	httpPort int
	timeout  time.Duration
	limits   doctor.Limits
	json     bool
}

func newDoctor() *cobra.Command {
	d := &doctorCommand{}
	cmd := &cobra.Command{
		Use:   "doctor [--servers ADDR[,ADDR...]]",
		Short: "Find out what is wrong between this machine and the servers",
		Long: `doctor looks at each server, layer by layer, and says which is the first that does
not work and what to do about it: its name (dns), connections to each address of
it (tcp), whether it is the port for RPC, and whether the server has too many
connections of this machine (rpc), certificates (tls), yamux, Status.Ping and how
long that takes (ping). Of servers that answer it compares which leader and which
peers they know and which version they run, and looks at the region, the ACL token
(acl), the clock, and at the address that they advertise: an agent is told that one,
and is lost if it does not answer from here (advertise).

It prints a line for each server, with the first finding in it; further findings
stand below, each with what to do. Servers that were not given and that others know
have lines of their own, and so have the certificates of this side (here).

The clock is read off the HTTP API, if that answers at --http-port of the server's
address. A version and an advertised address are known where the servers have no
ACLs, or the token has node:read.

It takes one and a half --timeout at most.

` + aboutVariables + `

Exit status: 0 nothing was found, 1 something was, 2 bad usage, 130 interrupted.`,
		Example: `  rpcproxy doctor --servers 10.0.0.1,10.0.0.2,10.0.0.3
  NOMAD_ADDR=http://10.0.0.9:4646 rpcproxy doctor
  rpcproxy doctor --servers nomad.example.com --json | jq '.servers[].findings'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd) },
	}
	d.add(cmd)
	d.token.add(cmd)
	flags := cmd.Flags()
	flags.IntVar(&d.httpPort, "http-port", 4646, "port of the servers' HTTP API, whose clock is read; 0 reads none")
	flags.DurationVarP(&d.timeout, "timeout", "t", 3*time.Second, "how long to look at the servers, all at the same time")
	flags.DurationVar(&d.limits.Expiry, "expires-within", 14*24*time.Hour, "a certificate that ends sooner is a finding")
	flags.DurationVar(&d.limits.Slow, "slow", 250*time.Millisecond, "a round trip that takes longer is a finding")
	flags.DurationVar(&d.limits.Clock, "clock-limit", 5*time.Second, "a clock that differs by more is a finding")
	flags.BoolVar(&d.json, "json", false, "print one JSON object")
	return cmd
}

func (d *doctorCommand) run(cmd *cobra.Command) error {
	for flag, value := range map[string]time.Duration{
		"timeout": d.timeout, "expires-within": d.limits.Expiry, "slow": d.limits.Slow, "clock-limit": d.limits.Clock,
	} {
		if value <= 0 {
			return fmt.Errorf("--%s is %v: give a positive duration", flag, value)
		}
	}
	if d.httpPort < 0 || d.httpPort > 65535 {
		return fmt.Errorf("--http-port is %d: give a port, or 0", d.httpPort)
	}
	servers, err := d.find(cmd)
	if err != nil {
		return err
	}
	tls, err := d.tls.config(cmd.Context(), d.region)
	if err != nil {
		return err
	}
	token, err := d.token.token(cmd)
	if err != nil {
		return err
	}
	cfg := doctor.Config{
		Servers: servers, Region: d.region, Token: token, TLS: tls,
		HTTPPort: d.httpPort, Timeout: d.timeout, Limits: d.limits,
	}
	if d.httpPort == 0 {
		cfg.HTTPPort = -1
	}
	report, err := doctor.Run(cmd.Context(), cfg)
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	write := report.Text
	if d.json {
		write = func(w io.Writer) error { return writeJSON(w, report, "") }
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return failed(err)
	}
	if !report.OK {
		return failed(fmt.Errorf("%d findings", report.Findings()))
	}
	return nil
}
