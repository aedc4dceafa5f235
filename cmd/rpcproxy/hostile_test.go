package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// checkScreen checks what goes to a terminal, line by line.
func checkScreen(t *testing.T, what, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		testutil.CheckShown(t, what, strings.TrimLeft(strings.TrimSuffix(line, "\n"), "\t"))
		if strings.HasPrefix(strings.TrimSpace(line), "FORGED") {
			t.Errorf("%s: a line is forged: %.100q", what, line)
		}
	}
}

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(_ string, cause error) []error {
		return []error{failed(cause), failed(failed(errors.Join(cause, cause)))}
	})
}

// hostileTexts are those that a command line can hold.
func hostileTexts() (texts []string) {
	for _, text := range testutil.HostileTexts() {
		texts = append(texts, strings.ReplaceAll(text[:min(len(text), 64<<10)], "\x00", ""))
	}
	return texts
}

func TestNoErrorOfAServerReachesTheTerminalAsItIs(t *testing.T) {
	c := startCluster(t)
	servers := strings.Join(c.Addrs(), ",")
	for i, text := range testutil.HostileTexts() {
		for _, s := range c.Servers() {
			s.Heal()
			s.Inject(testutil.AppError("Status.Ping", text), testutil.AppError("Echo.Echo", "Permission denied: "+text))
		}
		for _, args := range []string{
			"call Status.Ping --servers " + servers, "call Status.Ping --explain --servers " + servers,
			"call Echo.Echo --servers " + servers,
			"ping -n 1 --servers " + servers,
			"bench --calls 1 --servers " + servers, "bench --json --calls 1 --servers " + servers,
			"doctor --http-port 0 --servers " + servers, "doctor --json --http-port 0 --servers " + servers,
			"discover dns --ping --json 127.0.0.1.nip.test --servers x", // fails for its flags
		} {
			out, errs, status := program(t, strings.Fields(args)...)
			if status == exitOK || out+errs == "" {
				t.Errorf("%d %s: status %d, %q", i, args, status, errs)
			}
			checkScreen(t, args, out)
			checkScreen(t, args, errs)
		}
	}
}

func TestAReplyIsPrintedAsJSONThatMeansTheSameAndMovesNoCursor(t *testing.T) {
	c := startCluster(t)
	for i, text := range testutil.HostileTexts() {
		if !utf8.ValidString(text) {
			continue
		}
		if len(text) > 4000 {
			text = text[:4000] // a reply is not cut
		}
		want := map[string]any{"text": text, "list": []any{text, "bücher \U0001f600"}, "deep": map[string]any{"x" + text: text}}
		for _, s := range c.Servers() {
			s.Handle("Raw.Text", answer(want))
		}
		out, errs, status := call(t, c, "Raw.Text")
		expect(t, status, exitOK, out, errs)
		checkScreen(t, fmt.Sprint("reply ", i), out)
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d: %v: %q, want %q", i, err, got, want)
		}
	}
}

func TestNoArgumentReachesTheTerminalAsItIs(t *testing.T) {
	for _, text := range hostileTexts() {
		for _, args := range [][]string{
			{text},
			{"help", text},
			{"completion", "bash", text},
			{"--" + text},
			{"-" + text},
			{"ping", "--servers", text},
			{"ping", "--servers", "10.0.0.1", text},
			{"ping", "--servers", "10.0.0.1", "--count", text},
			{"ping", "--servers", "10.0.0.1", "--ca", text},
			{"ping", "--servers", "10.0.0.1", "--ca", "x", "--tls-min-version", text},
			{"ping", "--servers", "10.0.0.1", "--ca", "x", "--tls-cipher-suites", text},
			{"call", text, "--servers", "127.0.0.1:1", "--timeout", "1ms"},
			{"call", "X.Y", "--servers", "127.0.0.1:1", "--args", text},
			{"call", "X.Y", "--servers", "127.0.0.1:1", "--args", `{"` + text + `":1e999}`},
			{"call", "X.Y", "--servers", "127.0.0.1:1", "--args-file", text},
			{"call", "X.Y", "--servers", "127.0.0.1:1", "--token-file", text},
			{"call", "X.Y", "--servers", "127.0.0.1:1", "--args", "@" + text},
			{"watch", "--once", "--servers", text, "--timeout", "1ms"},
			{"watch", "--once", "--agent", text, "--timeout", "1ms"},
			{"watch", "--once", "--agent", "unix:" + text, "--timeout", "1ms"},
			{"doctor", "--servers", text},
			{"doctor", "--servers", "127.0.0.1:1", "--region", text, "--timeout", "1ms"},
			{"discover", "nomad", "--address", text, "--timeout", "1ms"},
			{"discover", "nomad", "--address", "http://127.0.0.1:1/" + text},
			{"discover", "nomad", "--address", "127.0.0.1:1", "--region", text},
			{"bench", "--servers", "127.0.0.1:1", "--method", text, "--calls", text},
			{"simulate", text + "x"},
			{"simulate", "--show", text},
			{"simulate", "kill", "--policy", text},
			{"simulate", "kill", "--seed", text},
			{"simulate", "kill", "--plot", text},
			{"simulate", "kill", "--plot", text + "/x.svg"},
			{"help", text},
			{"help", "discover", text},
			{"discover", text},
			{"discover", "dns", text},
			{"discover", "dns", "--resolver", text, "a.test"},
			{"discover", "consul", "--address", text},
			{"discover", "consul", "--token-file", text},
			{"discover", "consul", "--ca", text},
			{"discover", "consul", "--datacenter", text, "--address", "127.0.0.1:1"},
			{"discover", "consul", "--service", text, "--address", "127.0.0.1:1"},
		} {
			out, errs, status := program(t, args...)
			if status == exitOK || errs == "" {
				t.Errorf("%.100q: status %d, out %.100q", args, status, out)
			}
			checkScreen(t, fmt.Sprintf("%.60q", args), out)
			checkScreen(t, fmt.Sprintf("%.60q", args), errs)
		}
	}
}

func TestNothingOfConsulReachesTheTerminalAsItIs(t *testing.T) {
	c := startConsul(t, consultest.Config{})
	for _, text := range testutil.HostileTexts() {
		text = text[:min(len(text), 4000)]
		c.SetServices("dc1", consultest.Service{Node: text, Address: text, Port: 4647}, consultest.Service{Address: "10.0.0.1", Port: 4647})
		out, errs, status := program(t, "discover", "consul", "--address", c.Addr(), ample)
		expect(t, status, exitOK, out, errs)
		checkScreen(t, "a datacenter", out+errs)
		c.SetServices("dc1", consultest.Service{Node: text, Address: text, Port: 4647})
		out, errs, status = program(t, "discover", "consul", "--address", c.Addr(), ample)
		expect(t, status, exitFailed, out, errs)
		checkScreen(t, "no server", out+errs)
	}
}

// The reply's fields that are no text keep what they are.
func TestEscapingAReplyLeavesTheRestAsItIs(t *testing.T) {
	var b strings.Builder
	given := map[string]any{"\u202e": "a\u009bb\u007fc", "n": 1.5, "nil": nil, "é": []any{"日本", true}}
	if err := printReply(&b, maps.Clone(given), false); err != nil {
		t.Fatal(err)
	}
	if got, want := compact(t, b.String()), `{"n":1.5,"nil":null,"é":["日本",true],"\u202e":"a\u009bb\u007fc"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What a certificate says of its holder is the holder's word.
func TestNothingOfACertificateReachesTheTerminalAsItIs(t *testing.T) {
	for _, name := range []string{"\x1b[2J\x1b]0;owned\a", "a\nFORGED: all is well", "\x7f\x00", strings.Repeat("long\x1b[1m", 1000)} {
		ca, err := testutil.NewCA()
		if err != nil {
			t.Fatal(err)
		}
		server, err := ca.Server(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := testutil.StartServer(testutil.ServerConfig{TLS: ca.ServerTLS(server, name)})
		if err != nil {
			t.Fatal(err)
		}
		out, errs, status := program(t, "ping", "-n", "1", ample, "--servers", s.Addr(), "--ca", written(t, string(ca.PEM())))
		expect(t, status, exitFailed, out, errs)
		checkScreen(t, "ping", out+errs)
		if !strings.Contains(out, "it offers") {
			t.Errorf("%q, %q", out, errs)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
