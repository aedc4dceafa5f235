package proxy

import (
	"errors"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// log writes one line.
func (o *owner) log(e roster.Log) {
	levels := [...]zerolog.Level{roster.Debug: zerolog.DebugLevel, roster.Info: zerolog.InfoLevel, roster.Warn: zerolog.WarnLevel}
	line := o.cfg.Logger.WithLevel(levels[e.Level])
	if e.Server != (messages.Server{}) {
		line = line.Stringer("server", e.Server)
	}
	if e.Next != (messages.Server{}) {
		line = line.Stringer("next", e.Next)
	}
	if e.Source != "" {
		line = line.Str("source", string(e.Source))
	}
	for _, f := range logNumbers(e) {
		if f.n != 0 {
			line = line.Uint64(f.name, f.n)
		}
	}
	if e.Fields.Took != 0 {
		line = line.Str("took", roundedText(e.Fields.Took))
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
	o.cfg.Logger.Debug().Stringer("server", active).Stringer("before", last.active).
		Str("source", string(e.View.Source(active))).Str("why", e.ActiveReason).
		Uint64("epoch", e.View.Epoch()).Msg("another server is in front")
}
