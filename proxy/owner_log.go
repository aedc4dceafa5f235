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
	line := o.proxy.cfg.Logger.WithLevel(levels[e.Level])
	if e.Server != (messages.Server{}) {
		line = line.Stringer("server", e.Server)
	}
	if e.Next != (messages.Server{}) {
		line = line.Stringer("next", e.Next)
	}
	if e.Source != "" {
		line = line.Str("source", string(e.Source))
	}
	for _, f := range numbers(e) {
		if f.n != 0 {
			line = line.Uint64(f.name, f.n)
		}
	}
	if e.Fields.Took != 0 {
		line = line.Str("took", lasted(e.Fields.Took))
	}
	if all, ok := errors.AsType[*roster.FailuresError](e.Err); ok {
		line = line.Str(zerolog.ErrorFieldName, all.Text(brief))
	} else {
		line = line.AnErr(zerolog.ErrorFieldName, e.Err)
	}
	line.Msg(e.Message)
}

// figure is a number of a log line under its name; zero does not belong to it.
type figure struct {
	name string
	n    uint64
}

func numbers(e roster.Log) [4]figure {
	return [...]figure{
		{"round", e.Fields.Round},
		{"run", e.Fields.Run},
		{"servers", uint64(e.Fields.Servers)},
		{"failures", uint64(e.Fields.Failures)},
	}
}
