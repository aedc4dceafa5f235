package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/sidecarconf"
	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/proxy/sidecar/admit"
)

// Options are what a daemon runs with.
type Options struct {
	Loader *sidecarconf.Loader
	Config *sidecarconf.Config // the first one
	// Warnings came with Config, and are logged.
	Warnings []string
	// Log takes the lines of the log. It is written to by several goroutines, one at a time.
	Log io.Writer
	// Hangup asks for the configuration to be read anew.
	Hangup <-chan os.Signal
}

// daemon is a sidecar that runs. Its fields belong to the goroutine of Run.
type daemon struct {
	loader *sidecarconf.Loader
	conf   *sidecarconf.Config // what is in force
	log    zerolog.Logger
	side   *sidecar.Sidecar
	gate   *admit.Gate
	agents *sidecarconf.Swap // TLS towards agents
	seen   *refusals
	shown  atomic.Pointer[sidecarconf.Config] // conf, for those who ask over HTTP
}

// stopTime is how much longer than the drain time the end may take.
const stopTime = 5 * time.Second

// Run serves agents until ctx ends, and then for as long as Config.DrainTimeout lets what is
// under way take. The error is nil then. It returns early with the reason if the sidecar
// cannot be started, or fails. It sets the level of all loggers of the process.
func Run(ctx context.Context, o Options) error {
	d := &daemon{loader: o.Loader, conf: o.Config, agents: &sidecarconf.Swap{}, seen: newRefusals()}
	zerolog.SetGlobalLevel(d.conf.LogLevel)
	d.log = zerolog.New(d.conf.LogTo(o.Log)).With().Timestamp().Logger()
	for _, text := range o.Warnings {
		d.log.Warn().Msg(text)
	}
	page, err := d.listenStatus()
	if err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		closeAll(page)
		return err
	}
	hide := d.show(page)
	manager := newManager(d.log)
	manager.tell(ready, d.status())
	err = d.serve(ctx, o.Hangup, manager)
	manager.tell(stopping)
	d.log.Info().Stringer("drain_timeout", d.conf.DrainTimeout).Msg("sidecar stops: no new agents, and what is under way may end")
	limited, stop := context.WithTimeout(context.WithoutCancel(ctx), d.conf.DrainTimeout+stopTime)
	defer stop()
	err = errors.Join(err, d.side.Stop(limited))
	hide() // until then it shows how things end
	return err
}

// start reads what is left to read, and starts the sidecar.
func (d *daemon) start(ctx context.Context) error {
	agents, warning, err := d.conf.LoadAgents(ctx)
	if err != nil {
		return err
	}
	if warning != "" {
		d.log.Warn().Msg(warning)
	}
	listeners, err := inherited(d.conf)
	if err != nil {
		return err
	}
	cfg := sidecar.Config{
		Listeners: listeners, Advertise: d.conf.Advertise, Admit: d.admit, AdmitLogs: true, ServerTLS: d.tls(agents),
		DrainTimeout: d.conf.DrainTimeout, MaxConns: d.conf.MaxConns, Logger: d.log,
	}
	if len(listeners) == 0 {
		cfg.Listen = d.conf.Listen
	}
	if cfg.Proxy, err = d.conf.Proxy(d.log); err != nil {
		closeAll(listeners)
		return err
	}
	d.gate = admit.New(d.conf.Policy(agents))
	if d.side, err = sidecar.Start(cfg); err != nil {
		return d.conf.Placed(err)
	}
	return nil
}

// tls is the configuration to listen with, whose content reload replaces.
func (d *daemon) tls(agents *tls.Config) *tls.Config {
	d.agents.Put(agents)
	return d.agents.Config()
}

// serve waits for what there is to do, until the end. The error is the fault of the sidecar.
func (d *daemon) serve(ctx context.Context, hangup <-chan os.Signal, m *manager) error {
	status := time.NewTicker(statusPause)
	defer status.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.side.Done():
			return fmt.Errorf("the sidecar ended: %w", d.side.Err())
		case <-hangup:
			m.tell(reloading())
			d.reload(ctx)
			m.tell(ready, d.status())
		case <-status.C:
			m.tell(d.status())
		case <-m.watchdog():
			if d.lives(ctx) {
				m.tell(alive)
			}
		}
	}
}

// lives reports whether the proxy's owner still answers.
func (d *daemon) lives(ctx context.Context) bool {
	limited, stop := context.WithTimeout(ctx, livesTime)
	defer stop()
	return d.side.Proxy().AddBackup(limited) == nil // adds none
}
