package status_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

func TestTheArchiveHasWhatAReportNeeds(t *testing.T) {
	c := startCluster(t, 2)
	cfg := proxy.Config{Servers: c.Addrs(), Region: "mars", RetryTimeout: time.Minute, Pool: pool.Config{TLS: nil}, Logger: zerolog.Nop()}
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	failed, _ := fail(t, p)
	url := serve(t, status.New(p, status.Config{Configuration: func() any { return cfg }}))
	answer, archive := ask(t, http.MethodGet, url+"/debug/bundle.zip")
	if name := answer.Header.Get("Content-Disposition"); !strings.HasPrefix(name, `attachment; filename="rpcproxy-2`) || !strings.HasSuffix(name, `Z.zip"`) {
		t.Error(name)
	}
	files := unzipped(t, archive)
	if s := decode[proxy.Snapshot](t, files["snapshot.json"]); len(s.Servers) != 2 || len(s.Moves) != 1 {
		t.Errorf("%+v", s)
	}
	if e := decode[proxy.Explanation](t, files["decisions.json"]); len(e.Decisions) == 0 || !strings.Contains(files["decisions.txt"], "failure of "+failed.Addr) {
		t.Errorf("%+v\n%s", e, files["decisions.txt"])
	}
	if h := decode[status.Health](t, files["health.json"]); !h.Healthy {
		t.Errorf("%+v", h)
	}
	if st := decode[pool.Stats](t, files["stats.json"]); st.Sessions < 0 {
		t.Errorf("%+v", st)
	}
	for _, want := range []string{" goroutines\n", "net/http.(*Server).Serve ", " at\n"} {
		if !strings.Contains(files["goroutines.txt"], want) {
			t.Errorf("goroutines.txt has no %q: %.500s", want, files["goroutines.txt"])
		}
	}
	if strings.Contains(files["goroutines.txt"], "0x") {
		t.Error("goroutines.txt has values")
	}
	build := decode[map[string]any](t, files["build.json"])
	if build["go"] == "" || build["modules"] == nil {
		t.Errorf("%+v", build)
	}
	shown := decode[map[string]any](t, files["configuration.json"])
	if shown["Region"] != "mars" || shown["RetryTimeout"] != "1m0s" || shown["Discoverer"] != nil || shown["Servers"] == nil {
		t.Errorf("%s", files["configuration.json"])
	}
	if files["about.txt"] == "" {
		t.Error("nothing says what there is")
	}
	for name := range files {
		if !strings.Contains(files["about.txt"], name) && name != "about.txt" {
			t.Errorf("about.txt does not tell of %s", name)
		}
	}
}

// loop has itself in it.
type loop struct {
	Next  *loop
	Any   any
	Named map[string]*loop
}

// trap has methods that must not be called.
type trap struct{ A int }

func (trap) String() string               { panic("String") }
func (trap) Error() string                { panic("Error") }
func (trap) MarshalJSON() ([]byte, error) { panic("MarshalJSON") }
func (trap) MarshalText() ([]byte, error) { panic("MarshalText") }

func TestAnyConfigurationCanBeShown(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	round := &loop{}
	round.Next, round.Any, round.Named = round, round, map[string]*loop{"a": round, "b": round}
	many := make([]any, 1_000_000)
	for i := range many {
		many[i] = i
	}
	long := strings.Repeat("long ", 1<<20)
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a loop":               {round, "there is more"},
		"a trap":               {map[string]any{"t": trap{7}, "e": error(trap{8}), "p": &trap{9}}, `"A": 7`},
		"many":                 {many, "there is more"},
		"a long text":          {long, "... ("},
		"functions":            {map[string]any{"f": func() {}, "c": make(chan int), "nil": (func())(nil)}, "(a func())"},
		"numbers":              {[]any{math.NaN(), math.Inf(1), 1.5, int8(3), uint64(math.MaxUint64), true, 2i, uintptr(1)}, "18446744073709551615"},
		"times":                {[]any{time.Minute, time.Unix(0, 0).UTC()}, "1970-01-01"},
		"odd keys":             {map[any]any{1: "a", "b": 2, 2.5: "c", struct{}{}: 1, "x\x1b[2J": 1}, `"1": "a"`},
		"bytes":                {[]any{[]byte("abc"), [4]byte{}}, "(3 bytes)"},
		"not printable":        {"a\x1b]0;b\x07\u202e", `\\x1b]0;b\\a\\u202e`},
		"a map that is nil":    {map[string]map[string]int{"m": nil}, `"m": null`},
		"a nil inside":         {map[string]any{"token": (*string)(nil), "secret": "", "key": 5}, `"key": 5`},
		"a panicking function": {func() any { panic("kaboom") }, "this could not be made: panic: kaboom"},
	} {
		h := status.New(p, status.Config{Configuration: c.value})
		url := serve(t, h)
		text := unzipped(t, get(t, url+"/debug/bundle.zip"))["configuration.json"]
		if !strings.Contains(text, c.want) || len(text) > 1<<20 {
			t.Errorf("%s: %.300q, want %q", name, text, c.want)
		}
		if name != "a panicking function" {
			_ = decode[any](t, text)
		}
	}
}

func TestTheArchiveIsBounded(t *testing.T) {
	url := serve(t, status.New(huge{}, status.Config{}))
	files := unzipped(t, get(t, url+"/debug/bundle.zip"))
	for _, name := range []string{"decisions.json", "decisions.txt"} {
		if n := len(files[name]); n > 9<<20 || !strings.HasSuffix(files[name], "the rest is left out ...\n") {
			t.Errorf("%s has %d bytes: %.100q", name, n, files[name][max(0, n-100):])
		}
	}
}

// huge has more decisions than a Proxy keeps.
type huge struct{}

func (huge) Snapshot() proxy.Snapshot { return proxy.Snapshot{} }
func (huge) Explain() (e proxy.Explanation) {
	for i := range 20_000 {
		e.Decisions = append(e.Decisions, proxy.Decision{Seq: uint64(i), Cause: fmt.Sprint(i, strings.Repeat("x", 900)), Server: messages.Server{}.Addr})
	}
	return e
}
