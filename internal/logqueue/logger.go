package logqueue

import (
	"log/slog"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// Logger makes lines for one logger of the embedder. A nil Logger logs nothing.
type Logger struct {
	queue *Queue
	out   zerolog.Logger
	sink  *direct // nil: out writes the lines
	least zerolog.Level
}

// Logger is a Logger for out. It must be called before lines are made.
func (q *Queue) Logger(out zerolog.Logger) *Logger {
	l := &Logger{queue: q, least: out.GetLevel()}
	unlimited := out.Sample(nil).Level(zerolog.NoLevel)
	probe := unlimited.WithLevel(zerolog.NoLevel) // which is not written
	l.out, l.sink = divert(probe.GetCtx(), out)
	if !probe.Enabled() && zerolog.GlobalLevel() <= zerolog.NoLevel {
		l.least = zerolog.Disabled // the zero value: it has no writer
	}
	if l.least != zerolog.Disabled && q.lines == nil {
		q.lines = make(chan *Line, maxLines)
	}
	return l
}

// WithLevel is a line of that level; nil if it is not wanted. No code of the embedder runs.
func (l *Logger) WithLevel(level zerolog.Level) *Line {
	if l == nil || l.least == zerolog.Disabled || level < l.least || level < zerolog.GlobalLevel() {
		return nil
	}
	return &Line{to: l, level: level, size: lineSize, fields: make([]slog.Attr, 0, 6)}
}

// Debug is a line for whoever looks closely.
func (l *Logger) Debug() *Line { return l.WithLevel(zerolog.DebugLevel) }

// Info is a line that an operator should see.
func (l *Logger) Info() *Line { return l.WithLevel(zerolog.InfoLevel) }

// Warn is a line about which an operator may want to do something.
func (l *Logger) Warn() *Line { return l.WithLevel(zerolog.WarnLevel) }

// Error is a line about what should not be.
func (l *Logger) Error() *Line { return l.WithLevel(zerolog.ErrorLevel) }

// Panicked counts a panic of others' code that was contained, if p is not nil, and logs the
// first one from each line of code and with each text, with its stack, but no more than 32.
func (l *Logger) Panicked(place string, p *contain.Panic) {
	if l != nil && l.queue.panics.Note(place, p) {
		l.Error().Str("in", place).Str("panic", p.Text).Bytes("stack", p.Stack).
			Msg("code of the agent's panicked: it is passed over, and counted from now on")
	}
}
