package proxy

import (
	"errors"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// log writes one line.
func (o *owner) log(e roster.Log) {
	levels := [...]zerolog.Level{roster.Debug: zerolog.DebugLevel, roster.Info: zerolog.InfoLevel, roster.Warn: zerolog.WarnLevel}
	line := o.cfg.log.WithLevel(levels[e.Level])
	for _, f := range logFields(e) {
		switch v := f.value.(type) {
		case string:
			line = line.Cut(f.name, v, maxText)
		case uint64:
			line = line.Uint64(f.name, v)
		}
	}
	if all, ok := errors.AsType[*roster.FailuresError](e.Err); ok {
		line = line.Str(zerolog.ErrorFieldName, all.Text(failureText))
	} else {
		line = line.AnErr(zerolog.ErrorFieldName, e.Err)
	}
	line.Msg(e.Message)
}

// logActive logs that another server becomes active.
func (o *owner) logActive(e roster.Publish) {
	active, _ := e.View.Active()
	last := o.board.snap.Load()
	if last == nil || active.Addr == last.active.Addr {
		return
	}
	o.cfg.log.Debug().Stringer("server", active).Stringer("before", last.active).
		Cut("source", string(e.View.Source(active)), maxText).Str("why", e.ActiveReason).
		Uint64("epoch", e.View.Epoch()).Msg("another server is in front")
}
