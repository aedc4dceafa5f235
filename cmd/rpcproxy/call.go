package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// callCommand is the command call.
type callCommand struct {
	servers       []string
	tls           tlsFlags
	args          string
	region, token string
	timeout       time.Duration
	idempotent    bool
	explain       bool
}

func newCall() *cobra.Command {
	c := &callCommand{}
	cmd := &cobra.Command{
		Use:   "call METHOD --servers ADDR[,ADDR...]",
		Short: "Carry out one RPC and print its answer as JSON",
		Long: `call sends one RPC to the first of the servers that takes it and prints the
answer as indented JSON.

With --ca it speaks TLS, and a server must show a certificate for
server.REGION.nomad, of the region of --region, or for the name that
--tls-server-name gives, or for any with --no-verify-server-name.

--args is a JSON object whose members are the request's fields, spelled as the
server spells them. Region and AuthToken are filled in from --region and --token
unless the object has them. Integers stay integers. Bytes in an answer that are
not text are printed in base64.

A call that was not sent goes to the next server. A call that a server may have
carried out is sent again only if its method begins with "Status.", which only
reads, or with --idempotent, which says that twice is as good as once.

Exit status: 0 answered, 1 failed, 2 bad usage.`,
		Example: `  rpcproxy call Status.Leader --servers 10.0.0.1,10.0.0.2,10.0.0.3
  rpcproxy call Status.Peers --servers 10.0.0.1,10.0.0.2 --explain
  rpcproxy call Node.List --servers 10.0.0.1 --token "$NOMAD_TOKEN" --idempotent
  rpcproxy call Job.GetJob --servers 10.0.0.1 --args '{"Namespace":"default","JobID":"web"}'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },
	}
	serversFlag(cmd, &c.servers)
	c.tls.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&c.args, "args", "{}", "the request's fields, a JSON object")
	flags.StringVar(&c.region, "region", "global", "the region to ask, unless --args has Region")
	flags.StringVar(&c.token, "token", "", "the ACL token, unless --args has AuthToken")
	flags.DurationVarP(&c.timeout, "timeout", "t", 10*time.Second, "how long to try, on all servers together")
	flags.BoolVar(&c.idempotent, "idempotent", false, "send it again also when a server may have carried it out")
	flags.BoolVar(&c.explain, "explain", false, "print on standard error which server was in front, why, and the events before it")
	return cmd
}

func (c *callCommand) run(cmd *cobra.Command, method string) error {
	if _, err := parseServers(c.servers); err != nil {
		return err
	}
	if c.timeout <= 0 {
		return fmt.Errorf("--timeout is %v: give a positive duration", c.timeout)
	}
	tls, err := c.tls.config(cmd.Context())
	if err != nil {
		return err
	}
	args, err := readArgs(c.args)
	if err != nil {
		return err
	}
	c.fill(args)
	p, err := proxy.Start(proxy.Config{Servers: trimmed(c.servers), Strict: true, Region: c.region, Pool: pool.Config{TLS: tls}})
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(cmd.Context(), c.timeout)
	defer stop()
	var reply any
	err = p.Call(ctx, method, args, &reply, proxy.WithClass(c.class(method)))
	stopped := p.Stop(context.WithoutCancel(cmd.Context()))
	if c.explain {
		fmt.Fprint(cmd.ErrOrStderr(), p.Explain())
	}
	if err != nil && cmd.Context().Err() != nil {
		return errInterrupted
	}
	if err := errors.Join(err, stopped); err != nil {
		return failed(err)
	}
	if err := printReply(cmd.OutOrStdout(), reply); err != nil {
		return failed(err)
	}
	return nil
}

// fill sets Region and AuthToken unless args has them.
func (c *callCommand) fill(args map[string]any) {
	if _, given := args["Region"]; !given {
		args["Region"] = c.region
	}
	if _, given := args["AuthToken"]; !given && c.token != "" {
		args["AuthToken"] = c.token
	}
}

func (c *callCommand) class(method string) proxy.Class {
	if c.idempotent {
		return proxy.Idempotent
	}
	return classOf(method)
}

// classOf is narrower than the proxy's own table of methods: a write that is typed
// on a command line is sent once.
func classOf(method string) proxy.Class {
	if strings.HasPrefix(method, "Status.") {
		return proxy.Read
	}
	return proxy.AtMostOnce
}
