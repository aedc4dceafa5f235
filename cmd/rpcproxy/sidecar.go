package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/daemon"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/sidecarconf"
)

// newSidecar makes the command sidecar.
func newSidecar() *cobra.Command {
	var loader *sidecarconf.Loader
	var check bool
	cmd := &cobra.Command{
		Use:   "sidecar",
		Short: "Carry the RPCs of an unmodified Nomad client agent",
		Long: `sidecar runs until it is told to stop. A Nomad client agent on this machine connects
to it as to a server, and what the agent asks is carried to the cluster's server that
works, and to the next one when it fails.

Each setting is a flag, a variable of the environment (in brackets), or a key of the
file that --config names; a flag counts before a variable, and that before the file.
The sockets of a systemd socket unit take the place of --listen.

The sidecar acts with the certificate of --cert, so on Linux it serves the connections
of root and of the user it runs as, and of --allow-uid. Elsewhere it needs TLS with
client certificates, or --allow-any-local-user.

--status shows it over HTTP: a page, /healthz for supervisors, and /debug/bundle.zip to
send along with a report. It listens on loopback, or at a Unix socket.

SIGHUP reads the file and the certificates anew: servers, TLS, users and the level of
the log change while it runs. If anything is wrong, nothing changes, and the log says
what. SIGTERM and SIGINT end it once what is under way is done, or after
--drain-timeout; a second one ends it at once.

Exit status: 0 it was told to stop, 1 it could not start or has failed, 2 bad usage,
or a bad configuration.`,
		Example: `  rpcproxy sidecar --servers 10.0.0.1,10.0.0.2,10.0.0.3
  rpcproxy sidecar --config sidecar.hcl --check
  rpcproxy sidecar --config sidecar.hcl --log-level debug --status 127.0.0.1:4748`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSidecar(cmd, loader, check) },
	}
	loader = sidecarconf.New(cmd.Flags())
	cmd.Flags().BoolVar(&check, "check", false, "read the configuration and its files, say what is wrong, and end")
	return cmd
}

func runSidecar(cmd *cobra.Command, loader *sidecarconf.Loader, check bool) error {
	hangup := make(chan os.Signal, 1) // one that is not looked at yet will do for more
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	conf, warnings, err := loader.Load(cmd.Context())
	if err != nil {
		return err
	}
	if check {
		return checkSidecar(cmd, conf, warnings)
	}
	err = daemon.Run(cmd.Context(), daemon.Options{
		Loader: loader, Config: conf, Warnings: warnings, Log: cmd.ErrOrStderr(), Hangup: hangup,
	})
	if _, wrong := errors.AsType[sidecarconf.Errors](err); err == nil || wrong {
		return err
	}
	return failed(err)
}

// checkSidecar reads the other files too.
func checkSidecar(cmd *cobra.Command, conf *sidecarconf.Config, warnings []string) error {
	warning, err := conf.CheckFiles(cmd.Context())
	if err != nil {
		return err
	}
	if warning != "" {
		warnings = append(warnings, warning)
	}
	for _, text := range warnings {
		warn(cmd.ErrOrStderr(), "warning: "+text)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "the configuration is good")
	return nil
}
