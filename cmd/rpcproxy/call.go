package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// callCommand is the command call.
type callCommand struct {
	clusterFlags
	args       argsFlags
	token      tokenFlags
	timeout    time.Duration
	idempotent bool
	explain    bool
	raw        bool
}

func newCall() *cobra.Command {
	c := &callCommand{}
	cmd := &cobra.Command{
		Use:   "call METHOD [--servers ADDR[,ADDR...]]",
		Short: "Carry out one RPC and print its answer as JSON",
		Long: `call sends one RPC to the first of the servers that takes it and prints the
answer as indented JSON.

With --ca it speaks TLS, and a server must show a certificate for
server.REGION.nomad, of the region of --region, or for the name that
--tls-server-name gives, or for any with --no-verify-server-name.

--args is a JSON object whose members are the request's fields, spelled as the
server spells them; --args @FILE and --args-file FILE read it from a file, and
from standard input if that is -, as --args - does: there nobody else sees it.
Integers stay integers.

In an answer IP addresses and times, which are bytes, are known by the names of
their fields and printed as text, times in UTC. Other bytes that are not text are
printed in base64, with --raw all of them; characters that would not show, or
move the cursor, as \u escapes.

The ACL token is, in this order, the member AuthToken of the object, the content
of --token-file, or the variable NOMAD_TOKEN. It is never a flag: every user of a
machine can read the command lines of all its processes, so --args with a token
or a secret in it works and prints a warning. The file holds the token and
nothing else. The region is the member Region, or --region.

` + aboutVariables + `

A call that was not sent goes to the next server. A call that a server may have
carried out is sent again only if its method begins with "Status.", which only
reads, or with --idempotent, which says that twice is as good as once.

Exit status: 0 answered, 1 failed, 2 bad usage.`,
		Example: `  rpcproxy call Status.Leader --servers 10.0.0.1,10.0.0.2,10.0.0.3
  rpcproxy call Status.Peers --servers 10.0.0.1,10.0.0.2 --explain
  rpcproxy call Node.List --servers 10.0.0.1 --token-file ~/.nomad-token --idempotent
  NOMAD_TOKEN=$(pass nomad) rpcproxy call Node.List --servers 10.0.0.1
  rpcproxy call Job.GetJob --servers 10.0.0.1 --args '{"Namespace":"default","JobID":"web"}'
  rpcproxy call Job.Register --servers 10.0.0.1 --args-file - < job.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },

		ValidArgsFunction: completeMethod,
	}
	c.clusterFlags.add(cmd)
	c.args.add(cmd)
	c.token.add(cmd)
	flags := cmd.Flags()
	flags.DurationVarP(&c.timeout, "timeout", "t", 10*time.Second, "how long to try, on all servers together")
	flags.BoolVar(&c.idempotent, "idempotent", false, "send it again also when a server may have carried it out")
	flags.BoolVar(&c.raw, "raw", false, "print bytes as they are, in base64 unless they are text")
	flags.BoolVar(&c.explain, "explain", false, "print on standard error which server was in front, why, and the events before it")
	return cmd
}

func (c *callCommand) run(cmd *cobra.Command, method string) error {
	if c.timeout <= 0 {
		return fmt.Errorf("--timeout is %v: give a positive duration", c.timeout)
	}
	servers, err := c.find(cmd)
	if err != nil {
		return err
	}
	tls, err := c.tls.config(cmd.Context(), c.region)
	if err != nil {
		return err
	}
	token, err := c.token.token(cmd)
	if err != nil {
		return err
	}
	args, err := c.args.fields(cmd)
	if err != nil {
		return err
	}
	c.fill(args, token)
	p, err := proxy.Start(proxy.Config{Servers: addrs(servers), Strict: true, Region: c.region, Pool: pool.Config{TLS: tls}})
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(cmd.Context(), c.timeout)
	defer stop()
	var reply any
	var by messages.Server
	err = p.Call(ctx, method, args, &reply, proxy.WithClass(c.class(method)), proxy.WithAnsweredBy(&by))
	if c.explain {
		settled(ctx, p, by)
		fmt.Fprint(cmd.ErrOrStderr(), p.Explain())
	}
	stopped := p.Stop(context.WithoutCancel(cmd.Context()))
	if err != nil && cmd.Context().Err() != nil {
		return errInterrupted
	}
	if err == nil {
		err = stopped
	}
	if err != nil {
		return failed(err)
	}
	if err := printReply(cmd.OutOrStdout(), reply, c.raw); err != nil {
		return failed(err)
	}
	return nil
}

// settleTime is how long the proxy may take to note that a server has answered: it does so
// beside the call.
const settleTime = time.Second

// settled waits until the proxy knows that a server has answered, which may be none.
func settled(ctx context.Context, p *proxy.Proxy, by messages.Server) {
	if by.Addr == "" {
		return
	}
	ctx, stop := context.WithTimeout(ctx, settleTime)
	defer stop()
	for v := range p.Watch(ctx) {
		if v.Health(by) != messages.Unknown {
			return
		}
	}
}

// fill sets Region and AuthToken unless args has them.
func (c *callCommand) fill(args map[string]any, token string) {
	if _, given := args["Region"]; !given {
		args["Region"] = c.region
	}
	if _, given := args["AuthToken"]; !given && token != "" {
		args["AuthToken"] = token
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
