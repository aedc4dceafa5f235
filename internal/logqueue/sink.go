package logqueue

import (
	"context"
	"log/slog"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// Sink takes lines as they are, with their fields as values: a slog.Handler is one. Queues call
// it from one goroutine each, and contain its panics; it may block. The time of a record is that
// at which its line was made.
//
// The plugins for other loggers, which are modules of their own, are built on this and on To:
// both stay as they are within a major version.
type Sink interface {
	Enabled(ctx context.Context, level slog.Level) bool
	Handle(ctx context.Context, record slog.Record) error
}

// sinkKey is under which a Logger of To has its sink in its context.
type sinkKey struct{}

// To is a logger whose lines s takes; a nil one takes none. A Queue finds s in it, and gives it
// lines without writing them as JSON first. What is logged with it elsewhere, or with a logger
// that was made of it and has another context, is read from JSON, and reaches s too.
func To(s Sink) zerolog.Logger {
	if contain.IsNil(s) {
		return zerolog.Nop()
	}
	return zerolog.New(reader{s}).With().Ctx(context.WithValue(context.Background(), sinkKey{}, s)).Logger()
}

// direct is the way of a Logger's lines to a sink. It is of the queue's goroutine.
type direct struct {
	sink    Sink
	written []byte                 // by the embedder's zerolog.Logger: what that itself adds
	known   map[string][]slog.Attr // the fields of what it has written
}

// How many of what was written is remembered, and of how many bytes each is at most.
const maxKnown, maxKnownSize = 256, 1 << 10

// divert returns out so that it writes to the way to its sink, and that way; nil if it has none.
func divert(ctx context.Context, out zerolog.Logger) (zerolog.Logger, *direct) {
	s, _ := ctx.Value(sinkKey{}).(Sink)
	if s == nil {
		return out, nil
	}
	d := &direct{sink: s, known: make(map[string][]slog.Attr)}
	return out.Output(d).With().Ctx(ctx).Logger(), d // Output forgets the context
}

// Write takes what the embedder's zerolog.Logger writes.
func (d *direct) Write(p []byte) (int, error) {
	d.written = append(d.written[:0], p...)
	return len(p), nil
}

// write gives a line to the sink. The embedder's zerolog.Logger writes the line without its
// fields: so its levels, samplers and hooks do what they are for, and the fields that it and they
// add are seen, which are the same for most lines.
func (d *direct) write(l *Line) {
	level := levelOf(l.level)
	if !d.sink.Enabled(context.Background(), level) {
		return
	}
	d.written = d.written[:0]
	l.to.out.WithLevel(l.level).Msg(l.message)
	if len(d.written) == 0 {
		return // a level, a sampler or a hook did not want it
	}
	r := slog.NewRecord(l.at, level, l.message, 0)
	r.AddAttrs(d.added()...)
	r.AddAttrs(l.fields...)
	_ = d.sink.Handle(context.Background(), r) // as package slog does
}

// added is the fields of what was written.
func (d *direct) added() []slog.Attr {
	attrs, known := d.known[string(d.written)]
	if !known {
		attrs, _ = read(d.written)
		if len(d.known) >= maxKnown {
			clear(d.known)
		}
		if len(d.written) <= maxKnownSize {
			d.known[string(d.written)] = attrs
		}
	}
	return attrs
}

// levelOf is the level of package slog for one of zerolog's: they are as far from each other,
// four for one. A line without a level is of LevelInfo.
func levelOf(level zerolog.Level) slog.Level {
	if level < zerolog.TraceLevel || level > zerolog.PanicLevel {
		return slog.LevelInfo
	}
	return slog.Level(4 * (level - zerolog.InfoLevel))
}
