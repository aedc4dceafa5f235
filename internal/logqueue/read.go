package logqueue

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// reader is a zerolog.LevelWriter that gives a sink what it reads in the lines.
type reader struct{ sink Sink }

func (w reader) Write(line []byte) (int, error) { return w.WriteLevel(zerolog.NoLevel, line) }

func (w reader) WriteLevel(zero zerolog.Level, line []byte) (int, error) {
	level := levelOf(zero)
	if !w.sink.Enabled(context.Background(), level) {
		return len(line), nil
	}
	attrs, message := read(line)
	r := slog.NewRecord(time.Now(), level, message, 0)
	r.AddAttrs(attrs...)
	return len(line), w.sink.Handle(context.Background(), r)
}

// unread is the name of a field with a line that zerolog wrote and that is not JSON, such as one of a
// hook that adds raw text, or of a program built with zerolog's tag binary_log.
const unread = "zerolog"

// read returns the fields of a line of zerolog's, without its level, time and message, and the
// message. Fields that have the name of one of these and are something else are kept.
func read(line []byte) (attrs []slog.Attr, message string) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return notRead(line)
	}
	leveled, messageAt := false, -1
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return notRead(line)
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return notRead(line)
		}
		key, _ := name.(string)
		text, isText := v.(string)
		switch {
		case isText && key == zerolog.LevelFieldName && !leveled:
			leveled = true
			continue
		case isText && key == zerolog.TimestampFieldName && isTime(text):
			continue
		case isText && key == zerolog.MessageFieldName:
			messageAt = len(attrs)
		}
		attrs = append(attrs, slog.Attr{Key: key, Value: valueOf(v)})
	}
	if _, err := d.Token(); err != nil {
		return notRead(line)
	}
	if _, err := d.Token(); err != io.EOF {
		return notRead(line)
	}
	if messageAt >= 0 && messageAt == len(attrs)-1 { // zerolog writes it last
		message, attrs = attrs[messageAt].Value.String(), attrs[:messageAt]
	}
	return attrs, message
}

func notRead(line []byte) ([]slog.Attr, string) {
	return []slog.Attr{slog.String(unread, printable.Line(string(line), maxText))}, ""
}

func isTime(text string) bool {
	_, err := time.Parse(zerolog.TimeFieldFormat, text) //nolint:forbidigo // whether it is one, not which
	return err == nil
}

// valueOf is the value that was decoded: numbers are what they are without a loss.
func valueOf(v any) slog.Value {
	switch v := v.(type) {
	case string:
		return slog.StringValue(v)
	case bool:
		return slog.BoolValue(v)
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return slog.Int64Value(n)
		}
		if n, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return slog.Uint64Value(n)
		}
		if n, err := v.Float64(); err == nil {
			return slog.Float64Value(n)
		}
		return slog.StringValue(v.String())
	default:
		return slog.AnyValue(v)
	}
}
