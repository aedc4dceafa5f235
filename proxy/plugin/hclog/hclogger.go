package hclogger

import (
	"context"
	"log/slog"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// New is a logger whose lines l takes; a nil one takes none.
//
// Where it is a Config.Logger, l is called by one goroutine for each proxy, heartbeat, sidecar or
// discoverer, which nothing else waits for. So l may block, but not for long: lines that it does
// not keep up with are dropped, and counted (Stats.LostLines). Its panics are contained.
//
// Its level is asked for once for each line, and may change at any time; lines below the level of
// the zerolog.Logger are not even made. An hclog.InterceptLogger gets the lines of every level:
// what its sinks want (those of `nomad monitor`) may be more than what it writes. Numbers and
// truths are values; errors and durations are texts. hclog stamps a line when it is written: one
// that had waited for longer than 100 ms says so in its field "queued".
//
// Used by itself, as any zerolog.Logger, it reads the lines' JSON and calls l in the goroutine of
// the caller.
func New(l hclog.Logger) zerolog.Logger {
	if contain.IsNil(l) {
		return zerolog.Nop()
	}
	_, all := l.(hclog.InterceptLogger)
	return logqueue.To(sink{log: l, all: all})
}

// sink gives lines to a logger.
type sink struct {
	log hclog.Logger
	all bool // it wants lines of every level
}

// Enabled implements logqueue.Sink.
func (s sink) Enabled(_ context.Context, level slog.Level) bool {
	switch levelOf(level) {
	case hclog.Trace:
		return s.all || s.log.IsTrace()
	case hclog.Debug:
		return s.all || s.log.IsDebug()
	case hclog.Info:
		return s.all || s.log.IsInfo()
	case hclog.Warn:
		return s.all || s.log.IsWarn()
	default:
		return s.all || s.log.IsError()
	}
}

// late is after which time in a queue a line says how long it was there.
const late = 100 * time.Millisecond

// Handle implements logqueue.Sink.
func (s sink) Handle(_ context.Context, r slog.Record) error {
	pairs := make([]any, 0, 2*r.NumAttrs()+2)
	r.Attrs(func(a slog.Attr) bool {
		pairs = append(pairs, a.Key, a.Value.Any())
		return true
	})
	if waited := time.Since(r.Time); waited >= late {
		pairs = append(pairs, "queued", waited.Round(time.Millisecond).String())
	}
	s.log.Log(levelOf(r.Level), r.Message, pairs...)
	return nil
}

// levelOf is the level of hclog for one of package slog.
func levelOf(level slog.Level) hclog.Level {
	switch {
	case level < slog.LevelDebug:
		return hclog.Trace
	case level < slog.LevelInfo:
		return hclog.Debug
	case level < slog.LevelWarn:
		return hclog.Info
	case level < slog.LevelError:
		return hclog.Warn
	default:
		return hclog.Error
	}
}
