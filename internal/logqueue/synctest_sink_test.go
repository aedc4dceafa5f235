package logqueue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// sink keeps the records that it gets. It is asked for what is of level, at least.
type sink struct {
	level    slog.LevelVar
	asked    atomic.Int64
	before   func()
	enabling func()
	records  []slog.Record
}

func (s *sink) Enabled(_ context.Context, level slog.Level) bool {
	s.asked.Add(1)
	if s.enabling != nil {
		s.enabling()
	}
	return level >= s.level.Level()
}

func (s *sink) Handle(_ context.Context, r slog.Record) error {
	if s.before != nil {
		s.before()
	}
	s.records = append(s.records, r.Clone())
	return nil
}

func newSink(level slog.Level) *sink {
	s := new(sink)
	s.level.Set(level)
	return s
}

// messages of the records.
func (s *sink) messages() (all []string) {
	for _, r := range s.records {
		all = append(all, r.Message)
	}
	return all
}

// content is a record as a line of zerolog's would be once it is decoded.
func content(r slog.Record) map[string]any {
	names := map[slog.Level]string{-8: "trace", slog.LevelDebug: "debug", slog.LevelInfo: "info", slog.LevelWarn: "warn", slog.LevelError: "error", 12: "fatal", 16: "panic"}
	all := map[string]any{"level": names[r.Level], "message": r.Message}
	r.Attrs(func(a slog.Attr) bool {
		var v any
		b, err := json.Marshal(a.Value.Any())
		if err == nil {
			err = decode(b, &v)
		}
		if err != nil {
			v = err
		}
		all[a.Key] = v
		return true
	})
	return all
}

func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

// Whatever a line has, and whatever the embedder added to the logger, arrives at a sink as in
// zerolog's JSON.
func TestASinkGetsWhatAWriterGets(t *testing.T) {
	ctx, hook := context.WithValue(t.Context(), "who", "x"), zerolog.HookFunc(func(e *zerolog.Event, level zerolog.Level, message string) { //nolint:revive,staticcheck // any key
		e.Int("of hook", len(message)).Stringer("of level", level)
		if strings.Contains(message, "discard") {
			e.Discard()
		}
	})
	for name, change := range map[string]func(zerolog.Logger) zerolog.Logger{
		"as it is": func(l zerolog.Logger) zerolog.Logger { return l },
		"fields": func(l zerolog.Logger) zerolog.Logger {
			return l.With().Str("component", "a\"\n").Int64("n", math.MinInt64).Uint64("u", math.MaxUint64).Float64("f", 1e300).
				Bool("b", true).Err(errors.New("e")).Interface("nil", nil).Strs("list", []string{"a", "b"}).
				Dict("dict", zerolog.Dict().Int("x", 1)).Time("at", time.Unix(1, 0)).Dur("dur", time.Second).Str("time", "not one").
				Str("message", "another").Str("level", "another").Logger()
		},
		"a hook":           func(l zerolog.Logger) zerolog.Logger { return l.Hook(hook) },
		"fields and hooks": func(l zerolog.Logger) zerolog.Logger { return l.With().Str("a", "b").Logger().Hook(hook).Hook(hook) },
		"another context":  func(l zerolog.Logger) zerolog.Logger { return l.With().Ctx(ctx).Str("a", "b").Logger() },
		"a level":          func(l zerolog.Logger) zerolog.Logger { return l.Level(zerolog.WarnLevel) },
		"a sampler":        func(l zerolog.Logger) zerolog.Logger { return l.Sample(&zerolog.BasicSampler{N: 2}) },
		"one that is off":  func(l zerolog.Logger) zerolog.Logger { return l.Level(zerolog.Disabled) },
		"an updated context": func(l zerolog.Logger) zerolog.Logger {
			l.UpdateContext(func(c zerolog.Context) zerolog.Context { return c.Str("a", "b") })
			return l
		},
		"a long field": func(l zerolog.Logger) zerolog.Logger { return l.With().Str("a", strings.Repeat("x", 3000)).Logger() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in which nothing lasts: no line says that it waited
				w, s := new(writer), newSink(-8)
				q := logqueue.New()
				both := []*logqueue.Logger{q.Logger(change(zerolog.New(w))), q.Logger(change(logqueue.To(s)))}
				for _, l := range both {
					for range 3 { // what was seen is remembered
						for level := zerolog.TraceLevel; level <= zerolog.PanicLevel; level++ {
							l.WithLevel(level).Str("s", "b\n\x00\u2028").Str("empty", "").Int("i", -1).Int64("least", math.MinInt64).Uint64("u", math.MaxUint64).
								Bool("yes", true).Bool("no", false).Uint8("m", 7).Stringer("took", time.Second).Bytes("stack", []byte("s")).
								Err(errors.New("bad")).AnErr("none", nil).AnErr("other", bad{}).Cut("cut", "abcdef", 3).Msg("hello \"you\"")
						}
						l.Info().Msg("no fields")
						l.Warn().Int("n", 1).Msg("")
						l.Error().Msg("to discard")
					}
					q.Flush(t.Context())
				}
				if len(w.lines) != len(s.records) {
					t.Fatalf("%d lines, %d records", len(w.lines), len(s.records))
				}
				for i, line := range w.lines {
					var want map[string]any
					if err := decode([]byte(line), &want); err != nil {
						t.Fatal(err)
					}
					if want["message"] == nil {
						want["message"] = ""
					}
					if name == "fields" { // the last of two of one name stands in a map: ours is what the line says
						delete(want, "level")
					}
					got := content(s.records[i])
					if name == "fields" {
						delete(got, "level")
						if r := s.records[i]; r.Message == "" { // then the field of that name is the last
							got["message"], want["message"] = "", ""
						} else {
							got["message"] = r.Message
						}
					}
					if !reflect.DeepEqual(got, want) {
						t.Errorf("got  %v\nwant %v", got, want)
					}
				}
			})
		})
	}
}

// A sink is asked about a line once, where it is written; a level that changes counts at once.
func TestASinkIsAskedOnceForEachLineAndByNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newSink(slog.LevelInfo)
		s.enabling = func() { <-release }
		q := logqueue.New()
		l := q.Logger(logqueue.To(s))
		l.Debug().Msg("no")
		l.Info().Msg("yes")
		synctest.Wait() // it blocks; this test does not
		if n := s.asked.Load(); n != 1 {
			t.Errorf("asked %d times while the first line is written", n)
		}
		close(release)
		q.Flush(t.Context())
		s.level.Set(slog.LevelDebug)
		l.Debug().Msg("now")
		q.Flush(t.Context())
		if got := s.messages(); !slices.Equal(got, []string{"yes", "now"}) || s.asked.Load() != 3 {
			t.Errorf("%q, asked %d times", got, s.asked.Load())
		}
	})
}

// A record's time is when its line was made, however long the sink did not take it.
func TestARecordHasTheTimeOfItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newSink(slog.LevelInfo)
		s.before = func() { <-release }
		q := logqueue.New()
		l := q.Logger(logqueue.To(s).With().Timestamp().Logger())
		begin := time.Now()
		for range 5000 {
			l.Info().Msg("a line")
		}
		time.Sleep(time.Hour)
		close(release)
		q.Flush(t.Context())
		told := 0
		for _, r := range s.records {
			want := begin
			if strings.HasPrefix(r.Message, "log lines were dropped") {
				told++
				want = time.Now()
			} else if r.NumAttrs() != 0 {
				t.Fatal(r)
			}
			if !r.Time.Equal(want) {
				t.Fatalf("%v: %v after its line was made", r, r.Time.Sub(begin))
			}
		}
		if q.Dropped() == 0 || told == 0 {
			t.Errorf("%d dropped, told %d times", q.Dropped(), told)
		}
	})
}

func TestASinkThatPanicsOrExitsLosesItsLineOnly(t *testing.T) {
	for name, harm := range map[string]func(){"a panic": func() { panic(bad{}) }, "Goexit": runtime.Goexit} {
		for where, plant := range map[string]func(*sink, func()){
			"Enabled": func(s *sink, f func()) { s.enabling = f },
			"Handle":  func(s *sink, f func()) { s.before = f },
		} {
			s, times := newSink(slog.LevelInfo), 0
			plant(s, func() {
				if times++; times <= 2 {
					harm()
				}
			})
			q := logqueue.New()
			l := q.Logger(logqueue.To(s))
			l.Info().Msg("one")
			l.Info().Msg("two")
			for range 4 {
				l.Info().Msg("three")
				q.Flush(t.Context())
			}
			if m := s.messages(); q.Panics() != 2 || slices.Contains(m, "one") || !slices.Contains(m, "three") {
				t.Errorf("%s in %s: %d panics, %q", name, where, q.Panics(), m)
			}
		}
	}
}

// A logger that has a sink may be used as any other.
func TestASinkGetsWhatIsLoggedWithoutAQueue(t *testing.T) {
	s := newSink(slog.LevelInfo)
	z := logqueue.To(s).With().Timestamp().Str("component", "x").Logger()
	z.Debug().Msg("no")
	z.Warn().Int("n", 1).Time("at", time.Unix(0, 0).UTC()).Msg("yes")
	z.Log().Msg("without a level")
	z.Print("a debug line")
	if _, err := z.Write([]byte("plain\n")); err != nil {
		t.Error(err)
	}
	q := logqueue.New()
	q.Logger(z.With().Ctx(context.Background()).Logger()).Error().Str("a", "b").Msg("in a queue that does not find it")
	q.Flush(t.Context())
	var got []string
	for _, r := range s.records {
		if r.Time.IsZero() {
			t.Errorf("%v has no time", r)
		}
		got = append(got, fmt.Sprint(content(r)))
	}
	want := []string{
		"map[at:1970-01-01T00:00:00Z component:x level:warn message:yes n:1]",
		"map[component:x level:info message:without a level]",
		"map[component:x level:info message:plain]",
		"map[a:b component:x level:error message:in a queue that does not find it]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// What is not JSON is not lost, and comes out printable and bounded.
func TestALineThatCannotBeReadIsKept(t *testing.T) {
	s := newSink(slog.LevelInfo)
	raw := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.RawJSON("raw", []byte(`{"x":}`+"\n\x1b")) })
	z := logqueue.To(s).Hook(raw)
	z.Warn().Msg("plain")
	q := logqueue.New()
	q.Logger(z).Warn().Int("n", 1).Msg("queued")
	q.Flush(t.Context())
	long := logqueue.To(s).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.RawJSON("raw", bytes.Repeat([]byte("x"), 1<<20)) }))
	q.Logger(long).Warn().Msg("long")
	q.Flush(t.Context())
	if len(s.records) != 3 {
		t.Fatalf("%v", s.records)
	}
	for _, r := range s.records {
		text := fmt.Sprint(content(r)["zerolog"])
		if !strings.HasPrefix(text, `{"level":"warn","raw":`) || strings.ContainsAny(text, "\n\x1b") || len(text) > 5000 {
			t.Errorf("%.200q", text)
		}
	}
	if r := s.records[1]; r.Message != "queued" || content(r)["n"] != json.Number("1") || r.Level != slog.LevelWarn {
		t.Errorf("%v", content(r))
	}
}

func TestNoSinkMakesNoLine(t *testing.T) {
	var none *sink
	for _, z := range []zerolog.Logger{logqueue.To(nil), logqueue.To(none)} {
		z.Error().Msg("nothing")
		if l := logqueue.New().Logger(z); l.Error() != nil {
			t.Error("a line for a sink that is nil")
		}
	}
}

// nothing is a sink that takes everything and keeps nothing.
type nothing struct{}

func (nothing) Enabled(context.Context, slog.Level) bool      { return true }
func (nothing) Handle(_ context.Context, r slog.Record) error { return nil }

// BenchmarkLine is a line from where it is made until it is written: as zerolog's JSON to a
// writer, as it is to a sink, and, for comparison, as JSON that is read again for the sink.
func BenchmarkLine(b *testing.B) {
	for name, z := range map[string]zerolog.Logger{
		"json":           zerolog.New(io.Discard),
		"sink":           logqueue.To(nothing{}),
		"sink/component": logqueue.To(nothing{}).With().Str("component", "rpcproxy").Logger(),
		"roundtrip":      logqueue.To(nothing{}).With().Ctx(context.Background()).Logger(), // which hides the sink
	} {
		b.Run(name, func(b *testing.B) {
			q := logqueue.New()
			l := q.Logger(z)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				l.Warn().Str("server", "10.0.0.1:4647").Int("failed", 3).Uint64("epoch", 7).Bool("primary", true).Msg("server does not answer")
				if n%500 == 499 { // none is dropped
					q.Flush(context.Background())
				}
			}
		})
	}
}

func ExampleTo() {
	h := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{} // another one each time
		}
		return a
	}})
	q := logqueue.New()
	l := q.Logger(logqueue.To(h).With().Str("component", "rpc").Logger())
	l.Info().Str("server", "10.0.0.1:4647").Int("calls", 3).Msg("session up")
	q.Flush(context.Background())
	// Output: level=INFO msg="session up" component=rpc server=10.0.0.1:4647 calls=3
}
