package logqueue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// writer is a log's writer; before is called with each line.
type writer struct {
	before func(line string)
	lines  []string
}

func (w *writer) Write(b []byte) (int, error) {
	if w.before != nil {
		w.before(string(b))
	}
	w.lines = append(w.lines, string(b))
	return len(b), nil
}

// messages of the lines.
func (w *writer) messages(t *testing.T) (all []string) {
	t.Helper()
	for _, l := range w.lines {
		var line struct{ Message string }
		if err := json.Unmarshal([]byte(l), &line); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		all = append(all, line.Message)
	}
	return all
}

func TestALineIsWrittenAsZerologWritesIt(t *testing.T) {
	w, direct := new(writer), new(writer)
	q := logqueue.New()
	l := q.Logger(zerolog.New(w).With().Str("agent", "x").Logger())
	l.Warn().Str("a", "b").Int("i", -1).Uint64("u", 1<<63).Bool("yes", true).Uint8("m", 7).
		Stringer("took", time.Second).Bytes("stack", []byte("s")).Err(errors.New("bad")).AnErr("none", nil).Msg("hello")
	q.Flush(t.Context())
	z := zerolog.New(direct).With().Str("agent", "x").Logger()
	z.Warn().Str("a", "b").Int("i", -1).Uint64("u", 1<<63).Bool("yes", true).Uint8("m", 7).
		Stringer("took", time.Second).Bytes("stack", []byte("s")).Err(errors.New("bad")).AnErr("none", nil).Msg("hello")
	if !slices.Equal(w.lines, direct.lines) {
		t.Errorf("%q, want %q", w.lines, direct.lines)
	}
}

func TestATextIsMadePrintableAndCutOnceWithItsOwnLength(t *testing.T) {
	w := new(writer)
	q := logqueue.New()
	long := strings.Repeat("é", 5000)
	q.Logger(zerolog.New(w)).Warn().Str("str", long).Cut("cut", long+"\n", 11).Cut("short", "a\n", 11).Err(errors.New(long)).Msg("")
	q.Flush(t.Context())
	var line map[string]string
	if err := json.Unmarshal([]byte(w.lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	whole := strings.Repeat("é", 2048) + "... (10000 bytes)"
	for name, want := range map[string]string{"str": whole, "cut": "ééééé... (10001 bytes)", "short": `a\n`, "error": whole} {
		if line[name] != want {
			t.Errorf("%s: %d bytes, %q", name, len(line[name]), line[name][max(0, len(line[name])-40):])
		}
	}
}

func TestALevelThatIsNotWantedMakesNoLine(t *testing.T) {
	w := new(writer)
	q := logqueue.New()
	var none *logqueue.Logger
	for name, l := range map[string]*logqueue.Logger{
		"nil": none, "zero": q.Logger(zerolog.Logger{}), "nop": q.Logger(zerolog.Nop()), "level": q.Logger(zerolog.New(w).Level(zerolog.ErrorLevel)),
	} {
		if line := l.Warn(); line != nil {
			t.Errorf("%s: %+v", name, line)
		}
		l.Info().Str("a", "b\n").Cut("b", "c\n", 1).Stringer("c", nil).Bytes("d", nil).Err(nil).Msg("nothing")
	}
	if n := testing.AllocsPerRun(100, func() { none.Debug().Str("a", "b\n").Msg("c") }); n != 0 {
		t.Errorf("%v allocations for a line that is not wanted", n)
	}
	if q.Flush(t.Context()); len(w.lines) != 0 {
		t.Errorf("%q", w.lines)
	}
}

func TestLinesOfManyGoroutinesArriveEachInItsOrder(t *testing.T) {
	w := new(writer)
	q := logqueue.New()
	l := q.Logger(zerolog.New(w))
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 100 {
				l.Info().Int("g", g).Int("i", i).Msg("")
			}
		})
	}
	all.Wait()
	q.Flush(t.Context())
	next := make([]int, 8)
	for _, text := range w.lines {
		var line struct{ G, I int }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.I != next[line.G] {
			t.Fatalf("line %d of goroutine %d, want %d", line.I, line.G, next[line.G])
		}
		next[line.G]++
	}
	if len(w.lines) != 800 || q.Dropped() != 0 {
		t.Errorf("%d lines, %d dropped", len(w.lines), q.Dropped())
	}
}

// What a writer that blocks does not take is dropped, counted, and told of where it is missing.
func TestAWriterThatBlocksHoldsNobodyUp(t *testing.T) {
	for name, size := range map[string]int{"many lines": 1, "much text": 100 << 10} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				w := &writer{before: func(string) { <-release }}
				q := logqueue.New()
				l := q.Logger(zerolog.New(w))
				for i := range 5000 {
					l.Info().Int("i", i).Str("text", strings.Repeat("x", size)).Msg("a line")
					if i == 0 {
						synctest.Wait() // the writer has it
					}
				}
				dropped := q.Dropped()
				if dropped < 3900 || dropped > 4999 {
					t.Errorf("%d of 5000 lines dropped", dropped)
				}
				begin := time.Now()
				q.Flush(t.Context())
				if waited := time.Since(begin); waited == 0 || waited > 10*time.Second {
					t.Errorf("Flush waited %v for a writer that blocks", waited)
				}
				close(release)
				q.Flush(t.Context())
				l.Info().Msg("the last one")
				q.Flush(t.Context())
				m := w.messages(t)
				told := w.lines[len(w.lines)-2]
				if len(m) != 5000-int(dropped)+2 || !strings.Contains(told, fmt.Sprintf(`"dropped":%d`, dropped)) || m[len(m)-1] != "the last one" {
					t.Errorf("%d lines, %d dropped: %q", len(m), dropped, told)
				}
				if !strings.Contains(w.lines[0], `"queued":"2s"`) && !strings.Contains(w.lines[1], `"queued":"2s"`) {
					t.Errorf("no line says how long it waited: %q", w.lines[:2])
				}
			})
		})
	}
}

func TestFlushWaitsForAWriterThatIsOnlySlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writer{before: func(string) { time.Sleep(time.Second) }}
		q := logqueue.New()
		l := q.Logger(zerolog.New(w))
		for range 8 {
			l.Info().Msg("slow")
		}
		if q.Flush(t.Context()); len(w.lines) != 8 {
			t.Errorf("%d lines, want all", len(w.lines))
		}
		for range 3 {
			l.Info().Msg("slow")
		}
		ended, end := context.WithCancel(t.Context())
		end()
		begin := time.Now()
		if q.Flush(ended); time.Since(begin) != 0 {
			t.Error("it waited beyond its context")
		}
		q.Flush(t.Context())
	})
}

// hook is a hook, or a sampler, that does what it is told.
type hook func()

func (h hook) Run(*zerolog.Event, zerolog.Level, string) { h() }

func (h hook) Sample(zerolog.Level) bool { h(); return true }

func TestAWriterOrHookThatPanicsLosesItsLineOnly(t *testing.T) {
	for name, harm := range map[string]func(){
		"a panic": func() { panic("boom") }, "Goexit": runtime.Goexit, "an index": func() { _ = make([]int, 0)[len(os.Args):][0] },
		"a panic whose value panics": func() { panic(bad{}) },
	} {
		t.Run(name, func(t *testing.T) {
			times := 0
			twice := func() {
				if times++; times <= 2 {
					harm()
				}
			}
			for what, make := range map[string]func(w *writer) zerolog.Logger{
				"writer":  func(w *writer) zerolog.Logger { w.before = func(string) { twice() }; return zerolog.New(w) },
				"hook":    func(w *writer) zerolog.Logger { return zerolog.New(w).Hook(hook(twice)) },
				"sampler": func(w *writer) zerolog.Logger { return zerolog.New(w).Sample(hook(twice)) },
			} {
				times = 0
				w := new(writer)
				q := logqueue.New()
				l := q.Logger(make(w))
				l.Info().Msg("one")
				l.Info().Msg("two")
				for range 4 { // what ended the goroutine may have been said meanwhile
					l.Info().Msg("three")
					q.Flush(t.Context())
				}
				m := w.messages(t)
				if q.Panics() != 2 || slices.Contains(m, "one") || !slices.Contains(m, "three") {
					t.Errorf("%s: %d panics, %q", what, q.Panics(), m)
				}
				said := 0
				for _, line := range w.lines {
					if strings.Contains(line, `"in":"Config.Logger"`) {
						said++
					}
				}
				if said > 1 {
					t.Errorf("%s: said %d times", what, said)
				}
			}
		})
	}
}

type bad struct{}

func (bad) String() string { panic("in String") }
func (bad) Error() string  { panic("in Error") }

func TestAnErrorWhoseTextPanicsIsNamedByItsType(t *testing.T) {
	w := new(writer)
	q := logqueue.New()
	q.Logger(zerolog.New(w)).Warn().Err(bad{}).Msg("it goes on")
	if q.Flush(t.Context()); len(w.lines) != 1 || !strings.Contains(w.lines[0], "logqueue_test.bad") {
		t.Errorf("%q", w.lines)
	}
}

func ExampleQueue() {
	q := logqueue.New()
	l := q.Logger(zerolog.New(os.Stdout))
	l.Info().Str("server", "10.0.0.1:4647").Msg("session up") // does not wait for the writer
	q.Flush(context.Background())
	// Output: {"level":"info","server":"10.0.0.1:4647","message":"session up"}
}
