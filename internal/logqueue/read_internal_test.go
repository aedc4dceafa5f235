package logqueue

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// What zerolog has not written is kept as a text, whatever it begins or ends with.
func TestWhatIsNoObjectIsKeptAsAText(t *testing.T) {
	for _, line := range []string{
		"", "plain", "1", "null", `"a"`, `["a"]`, `["message","b"]`, `["a",1]`, "[", "]", "{", "}", `{"a"`, `{"a":`, `{"a":1`, `{"a":1]`, `{"a":}`,
		`{"a":1} b`, `{"a":1}{"b":2}`, `{"a":1}}`, `{1:2}`, "\x1b[0m", "\xff", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000),
	} {
		attrs, message := read([]byte(line))
		if len(attrs) != 1 || attrs[0].Key != unread || message != "" {
			t.Errorf("%.50q: %.200v, %q", line, attrs, message)
			continue
		}
		text := attrs[0].Value.String()
		if len(text) > maxText+100 || strings.ContainsAny(text, "\x1b\n") || !strings.HasPrefix(text, line[:min(len(line), 3)]) && line[0] >= ' ' && line[0] < 0x7f {
			t.Errorf("%.50q: %.200q", line, text)
		}
	}
	attrs, message := read([]byte(`{"level":"warn","a":1,"message":"m"}` + "\n"))
	if len(attrs) != 1 || !attrs[0].Equal(slog.Int64("a", 1)) || message != "m" {
		t.Errorf("%v, %q", attrs, message)
	}
}

// What was read is remembered, so that most lines are not read; what is remembered is bounded.
func TestWhatWasReadIsRemembered(t *testing.T) {
	d := &direct{sink: slog.DiscardHandler, known: map[string][]slog.Attr{}}
	added := func(line string) []slog.Attr {
		_, _ = d.Write([]byte(line))
		return d.added()
	}
	size := 0
	for i := range 10 * maxKnown {
		for _, value := range []string{fmt.Sprint("v", i), fmt.Sprint("v", i, strings.Repeat("x", maxKnownSize))} {
			if got := added(`{"a":"` + value + `","message":"m"}`); len(got) != 1 || !got[0].Equal(slog.String("a", value)) {
				t.Fatalf("of %.20q: %.100v", value, got)
			}
		}
		for line := range d.known {
			if size = max(size, len(line)); len(line) > maxKnownSize {
				t.Fatalf("a line of %d bytes is remembered", len(line))
			}
		}
		if len(d.known) > maxKnown {
			t.Fatalf("%d lines are remembered", len(d.known))
		}
	}
	if size == 0 {
		t.Error("none is remembered")
	}
	line := []byte(`{"component":"rpcproxy","n":1}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = d.Write(line); d.added() }); n != 0 {
		t.Errorf("one that is remembered costs %v allocations", n)
	}
}
