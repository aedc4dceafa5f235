package logqueue

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// maxText bounds a text in a line, in bytes.
const maxText = 4 << 10

// Line is a line that is being made, as a zerolog.Event is; its fields are values. A nil
// Line is one that is not wanted: its methods do nothing.
type Line struct {
	to      *Logger
	level   zerolog.Level
	message string
	fields  []slog.Attr
	size    int64 // about, in bytes

	at     time.Time
	before uint64 // lines that were dropped before this one

	flushed chan struct{} // closed in place of writing the line; nil: it is one
}

// sizes of a line without texts, and of a field, in bytes, about.
const lineSize, fieldSize = 128, 64

// add adds a field: a text, a number or a truth.
func (l *Line) add(name string, v slog.Value) *Line {
	if l == nil {
		return nil
	}
	l.fields = append(l.fields, slog.Attr{Key: name, Value: v})
	l.size += int64(fieldSize + len(name))
	if v.Kind() == slog.KindString {
		l.size += int64(len(v.String()))
	}
	return l
}

// Str adds a text, printable, cut and without credentials, wherever it comes from: who calls it
// does nothing of that.
func (l *Line) Str(name, value string) *Line { return l.Cut(name, value, maxText) }

// Cut is Str of a text that is cut to limit bytes, fewer than Str allows.
func (l *Line) Cut(name, value string, limit int) *Line {
	if l == nil {
		return nil
	}
	return l.add(name, slog.StringValue(printable.WithoutCredentials(printable.Line(value, limit))))
}

// Bytes adds a text of our own, of bounded length, as it is, such as that of contain.Stack.
func (l *Line) Bytes(name string, value []byte) *Line {
	if l == nil {
		return nil
	}
	return l.add(name, slog.StringValue(string(value)))
}

// Stringer adds the text of a value, which is asked for it at once. It is for values of this
// module.
func (l *Line) Stringer(name string, value fmt.Stringer) *Line {
	if l == nil {
		return nil
	}
	return l.Str(name, value.String())
}

// Int adds a number.
func (l *Line) Int(name string, value int) *Line { return l.Int64(name, int64(value)) }

// Int64 adds a number.
func (l *Line) Int64(name string, value int64) *Line {
	return l.add(name, slog.Int64Value(value))
}

// Uint8 adds a number.
func (l *Line) Uint8(name string, value uint8) *Line { return l.Int64(name, int64(value)) }

// Uint64 adds a number.
func (l *Line) Uint64(name string, value uint64) *Line {
	return l.add(name, slog.Uint64Value(value))
}

// Bool adds a truth.
func (l *Line) Bool(name string, value bool) *Line {
	return l.add(name, slog.BoolValue(value))
}

// Err adds the text of an error, unless it is nil, under zerolog's name for that.
func (l *Line) Err(err error) *Line { return l.AnErr(zerolog.ErrorFieldName, err) }

// AnErr adds the text of an error, unless it is nil. It is asked for it at once, and one that
// panics is named by its type.
func (l *Line) AnErr(name string, err error) *Line {
	if l == nil || err == nil {
		return l
	}
	return l.add(name, slog.StringValue(contain.ErrorText(err, maxText)))
}

// Msg gives the line to the queue. It does not block; the line is of no use any more.
func (l *Line) Msg(message string) {
	if l != nil {
		l.message = message
		l.size += int64(len(message))
		l.to.queue.put(l)
	}
}

// late is after which time in the queue a line says how long it was there: a hook that adds
// the time adds that of the writing.
const late = 100 * time.Millisecond

// write writes the line with the embedder's logger. What that calls may panic or block.
func (l *Line) write() {
	if l.to.sink != nil {
		l.to.sink.write(l)
		return
	}
	e := l.to.out.WithLevel(l.level)
	for _, f := range l.fields {
		switch v := f.Value; v.Kind() {
		case slog.KindString:
			e = e.Str(f.Key, v.String())
		case slog.KindInt64:
			e = e.Int64(f.Key, v.Int64())
		case slog.KindUint64:
			e = e.Uint64(f.Key, v.Uint64())
		case slog.KindBool:
			e = e.Bool(f.Key, v.Bool())
		}
	}
	if waited := time.Since(l.at); waited >= late {
		e = e.Stringer("queued", waited.Round(time.Millisecond))
	}
	e.Msg(l.message)
}
