package slogger

import (
	"log/slog"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// New is a logger whose lines h takes; a nil one takes none.
//
// Where it is a Config.Logger, h is called by one goroutine for each proxy, heartbeat, sidecar or
// discoverer, which nothing else waits for. So h may block, but not for long: lines that it does
// not keep up with are dropped, and counted (Stats.LostLines). Its panics are contained. It is
// asked for the level (Enabled) once for each line, so that a slog.LevelVar may change at any
// time; lines below the level of the zerolog.Logger are not even made. A record has the time at
// which its line was made, and no source location.
//
// Levels are as far apart as those of package slog: trace is slog.LevelDebug-4. Errors are
// texts, and durations as well.
//
// Used by itself, as any zerolog.Logger, it reads the lines' JSON and calls h in the goroutine of
// the caller.
func New(h slog.Handler) zerolog.Logger { return logqueue.To(h) }
