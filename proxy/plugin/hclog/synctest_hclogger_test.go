package hclogger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/proxy"
	hclogger "github.com/open-nomad/rpcproxy/proxy/plugin/hclog"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const (
	limit  = time.Minute
	secret = "8f2c1a34-5b6d-4e7f-9a0b-1c2d3e4f5a6b"
)

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// lines is where a log goes to, line by line. No test fills it.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// next waits for a line, and names what hclog writes as zerolog does.
func (l lines) next(t testing.TB) map[string]any {
	t.Helper()
	var text string
	select {
	case text = <-l:
	case <-within(t).Done():
		t.Fatal("no line")
	}
	line := make(map[string]any)
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&line); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for _, name := range []string{"level", "message"} {
		if v, is := line["@"+name]; is {
			line[name] = v
			delete(line, "@"+name)
		}
	}
	delete(line, "@timestamp")
	return line
}

func logger(l lines, level hclog.Level) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Output: l, JSONFormat: true, Level: level, Name: "nomad"})
}

// What a line has arrives as in zerolog's JSON, and with the logger's own name and pairs.
func TestALoggerGetsWhatAWriterGets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which nothing lasts: no line says that it waited
		zero, values := make(lines, 100), make(lines, 100)
		q := logqueue.New()
		for _, z := range []zerolog.Logger{
			zerolog.New(zero).With().Str("@module", "nomad.rpc").Str("dc", "dc1").Logger(),
			hclogger.New(logger(values, hclog.Trace).Named("rpc").With("dc", "dc1")),
		} {
			l := q.Logger(z.With().Str("component", "x").Logger())
			for level := zerolog.TraceLevel; level <= zerolog.ErrorLevel; level++ {
				l.WithLevel(level).Str("s", "b\n\x00\u2028").Str("empty", "").Int("i", -1).Int64("least", math.MinInt64).Uint64("u", math.MaxUint64).
					Bool("yes", true).Bool("no", false).Uint8("m", 7).Stringer("took", time.Second).Bytes("stack", []byte("s")).
					Err(errors.New("bad")).AnErr("none", nil).Cut("cut", "abcdef", 3).Msg("hello \"you\"")
			}
			l.Info().Msg("no fields")
		}
		q.Flush(t.Context())
		for range 6 {
			if got, want := values.next(t), zero.next(t); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		}
	})
}

func TestALevelMayChange(t *testing.T) {
	from := make(lines, 100)
	l := logger(from, hclog.Warn)
	q := logqueue.New()
	log := q.Logger(hclogger.New(l))
	for _, level := range []hclog.Level{hclog.Off, hclog.Error, hclog.Warn, hclog.Info, hclog.Debug, hclog.Trace} {
		l.SetLevel(level)
		for zero := zerolog.TraceLevel; zero <= zerolog.ErrorLevel; zero++ {
			log.WithLevel(zero).Msg("a line")
		}
		q.Flush(t.Context())
		want := int(hclog.Error-level) + 1
		if level == hclog.Off {
			want = 0
		}
		if len(from) != want {
			t.Errorf("%v: %d lines, want %d", level, len(from), want)
		}
		for len(from) > 0 {
			from.next(t)
		}
	}
}

// The sinks of an InterceptLogger want more than what it writes.
func TestASinkOfAnInterceptLoggerGetsItsLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which nothing lasts: no line says that it waited
		own, monitor := make(lines, 100), make(lines, 100)
		l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: own, JSONFormat: true, Level: hclog.Error})
		sink := hclog.NewSinkAdapter(&hclog.LoggerOptions{Output: monitor, JSONFormat: true, Level: hclog.Debug})
		q := logqueue.New()
		log := q.Logger(hclogger.New(l.Named("rpc")))
		log.Debug().Msg("before")
		q.Flush(t.Context())
		l.RegisterSink(sink)
		log.Debug().Str("a", "b").Msg("while it is there")
		log.WithLevel(zerolog.TraceLevel).Msg("less than it wants")
		q.Flush(t.Context())
		l.DeregisterSink(sink)
		log.Debug().Msg("after")
		q.Flush(t.Context())
		if len(own) != 0 || len(monitor) != 1 {
			t.Fatalf("%d lines, %d for the sink", len(own), len(monitor))
		}
		if got := fmt.Sprint(monitor.next(t)); got != "map[@module:rpc a:b level:debug message:while it is there]" {
			t.Error(got)
		}
	})
}

// counting is a logger that counts what it is given.
type counting struct {
	hclog.Logger
	given *int
}

func (c counting) Log(level hclog.Level, message string, pairs ...any) {
	*c.given++
	c.Logger.Log(level, message, pairs...)
}

// A line that a logger does not want is not even made for it.
func TestALoggerIsGivenWhatItWantsOnly(t *testing.T) {
	from, given := make(lines, 100), 0
	q := logqueue.New()
	log := q.Logger(hclogger.New(counting{logger(from, hclog.Warn), &given}))
	for level := zerolog.TraceLevel; level <= zerolog.ErrorLevel; level++ {
		log.WithLevel(level).Msg("a line")
	}
	q.Flush(t.Context())
	if given != 2 || len(from) != 2 {
		t.Errorf("%d were given, %d written", given, len(from))
	}
}

// hclog has no way to say when a line was made: one that waited says for how long.
func TestALineThatWaitedSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := make(lines) // which blocks
		q := logqueue.New()
		log := q.Logger(hclogger.New(logger(from, hclog.Info)))
		log.Info().Msg("first")
		log.Info().Msg("second")
		time.Sleep(time.Minute)
		if got := from.next(t); got["queued"] != nil {
			t.Error(got)
		}
		if got := from.next(t); got["queued"] != "1m0s" {
			t.Error(got)
		}
	})
}

func TestALoggerThatPanicsLosesItsLineOnly(t *testing.T) {
	from, times := make(lines, 100), 0
	l := hclog.New(&hclog.LoggerOptions{Output: from, JSONFormat: true, Exclude: func(hclog.Level, string, ...any) bool {
		if times++; times == 1 {
			panic("in Exclude")
		}
		return false
	}})
	q := logqueue.New()
	log := q.Logger(hclogger.New(l))
	log.Info().Msg("one")
	q.Flush(t.Context())
	log.Info().Msg("two")
	q.Flush(t.Context())
	q.Flush(t.Context()) // what is said of the panic was put behind it
	if q.Panics() != 1 || len(from) != 2 {
		t.Fatalf("%d panics, %d lines", q.Panics(), len(from))
	}
	if got := from.next(t); got["in"] != "Config.Logger" || got["level"] != "error" {
		t.Error(got)
	}
}

func TestNoLoggerGetsNoLine(t *testing.T) {
	var none *nilLogger
	for _, z := range []zerolog.Logger{hclogger.New(nil), hclogger.New(none)} {
		z.Error().Msg("nothing")
		if l := logqueue.New().Logger(z); l.Error() != nil {
			t.Error("a line for a logger that is nil")
		}
	}
}

type nilLogger struct{ hclog.Logger }

// A proxy whose server dies logs the failover, and nothing that is secret.
func TestAFailoverIsLogged(t *testing.T) {
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, c.Stop)
	from := make(lines, 10_000)
	p, err := proxy.Start(proxy.Config{
		Servers: append(c.Addrs(), "nomad:0"), Rebalance: proxy.Timing{Spread: time.Hour},
		Logger: hclogger.New(logger(from, hclog.Trace).Named("rpc")).With().Str("dc", "dc1").Logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, p.Stop)
	call := func(method string) error {
		return p.Call(within(t), method, map[string]any{"AuthToken": secret, "SecretID": secret}, nil)
	}
	if err := call("No.Such"); err == nil {
		t.Fatal("a call of nothing was served")
	}
	if err := call("Status.Ping"); err != nil {
		t.Fatal(err)
	}
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	other := ""
	for i, addr := range c.Addrs() {
		if addr == front.Addr {
			c.Server(i).Kill()
		} else {
			other = addr
		}
	}
	if err := call("Status.Ping"); err != nil {
		t.Fatal(err)
	}
	for message := ""; message != "failing over"; {
		line := from.next(t)
		message = fmt.Sprint(line["message"])
		if line["@module"] != "nomad.rpc" || line["dc"] != "dc1" || strings.Contains(fmt.Sprint(line), secret) {
			t.Errorf("%v", line)
		}
		switch message {
		case "a configured server is left out":
			if line["level"] != "warn" || !strings.Contains(fmt.Sprint(line["error"]), `"nomad:0"`) {
				t.Errorf("%v", line)
			}
		case "failing over":
			if line["level"] != "warn" || line["server"] != front.Addr || line["next"] != other || line["source"] != "configuration" || line["error"] == nil {
				t.Errorf("%v", line)
			}
		}
	}
}

func stops(t testing.TB, stop func(context.Context) error) {
	t.Cleanup(func() {
		if err := stop(within(t)); err != nil {
			t.Error(err)
		}
	})
}
