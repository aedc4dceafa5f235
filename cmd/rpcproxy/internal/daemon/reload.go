package daemon

import (
	"context"
	"crypto/tls"
	"slices"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/sidecarconf"
)

// reload reads the configuration anew and puts it into force, all of it that can change
// while the sidecar runs, or nothing if anything is wrong with it.
func (d *daemon) reload(ctx context.Context) {
	next, warnings, err := d.loader.Load(ctx)
	var agents *tls.Config
	var changes []sidecarconf.Change
	if err == nil {
		changes = next.Changes(d.conf)
		next.Keep(d.conf, changes)
		var warning string
		if agents, warning, err = next.LoadAgents(ctx); warning != "" {
			warnings = append(warnings, warning)
		}
	}
	if err == nil && (next.ServersTLS() != nil || d.conf.ServersTLS() != nil) {
		// It reads the files, and changes nothing if they are bad.
		err = next.Placed(d.side.Proxy().OfferTLS(next.ServersTLS()))
	}
	changed := func(key string) bool {
		return slices.ContainsFunc(changes, func(c sidecarconf.Change) bool { return c.Key == key })
	}
	if err == nil && changed("servers") && len(next.Servers) > 0 {
		err = d.side.Proxy().SetServers(ctx, next.Servers...)
	}
	if err != nil {
		d.log.Error().Str("error", text(err)).Msg("the configuration is not taken: the one before stays in force")
		return
	}
	if agents != nil {
		d.agents.Put(agents)
	}
	d.gate.Set(next.Policy(agents))
	d.seen.forget()
	d.conf = next
	d.shown.Store(next)
	d.report(warnings, changes)
	zerolog.SetGlobalLevel(next.LogLevel)
}

// report logs what has changed.
func (d *daemon) report(warnings []string, changes []sidecarconf.Change) {
	for _, text := range warnings {
		d.log.Warn().Msg(text)
	}
	live := 0
	for _, c := range changes {
		if c.Live {
			live++
			d.log.Info().Str("setting", c.Key).Str("before", c.Before).Str("now", c.Now).Msg("a setting has changed")
		} else {
			d.log.Warn().Str("setting", c.Key).Str("in_force", c.Before).Str("given", c.Now).Msg("a setting has changed that takes a restart")
		}
	}
	d.log.Info().Int("changed", live).Int("restart_needed", len(changes)-live).Msg("the configuration was read anew, and the files for TLS")
}
