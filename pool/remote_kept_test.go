package pool

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// A server's text is read whole, and little of it is kept.
func TestOfALongTextTheBeginningAndTheEndAreKept(t *testing.T) {
	long := strings.Repeat("long ", 1<<20)
	items := "100000 errors occurred:" + strings.Repeat("\n\t* some failure", 99_999) + "\n\t* Permission denied\n\n"
	for name, c := range map[string]struct {
		sent       string
		begin, end string
		hops, code int
		kind       error
		outcome    Outcome
	}{
		"a handler's own words":    {long, "long long", "long ", 0, 0, nil, MaybeExecuted},
		"what ends as agents look": {"Could not: " + long + "Permission denied", "Could not: long", "Permission denied", 0, 0, nil, MaybeExecuted},
		"a coded error":            {"RPC Error:: 404," + long, "RPC Error:: 404,long", "long ", 0, 404, nil, MaybeExecuted},
		"a code that decides":      {"RPC Error:: 403," + long, "RPC Error:: 403,long", "long ", 0, 403, ErrPermissionDenied, Rejected},
		"something quoted back":    {"Unknown node " + long, "Unknown node long", "long ", 0, 0, ErrUnknownNode, Rejected},
		"many hops":                {strings.Repeat("rpc error: ", 100_000) + "No cluster leader", "rpc error: rpc", "No cluster leader", 100_000, 0, ErrNoLeader, Rejected},
		"a list":                   {items, "100000 errors", "Permission denied\n\n", 0, 0, ErrPermissionDenied, MaybeExecuted},
		"a dial behind a hop":      {"rpc error: failed to get conn: " + long, "rpc error: failed", "long ", 1, 0, ErrLeaderUnreachable, Rejected},
		"characters of many bytes": {strings.Repeat("\u20ac", 1<<20), "\u20ac", "\u20ac", 0, 0, nil, MaybeExecuted},
		"no characters":            {strings.Repeat("\x80", 1<<20), "", "", 0, 0, nil, MaybeExecuted},
		"what moves a cursor":      {strings.Repeat("\x1b[2J\u202e", 1<<20), "\x1b[2J", "\u202e", 0, 0, nil, MaybeExecuted},
	} {
		e := remoteError(c.sent)
		if e.Kind != c.kind && !errors.Is(e, c.kind) || e.effect != c.outcome || e.Hops != c.hops || e.Code != c.code || e.Length != len(c.sent) {
			t.Errorf("%s: %v, %v, %d hops, code %d, %d bytes", name, e.Kind, e.effect, e.Hops, e.Code, e.Length)
		}
		if !strings.HasPrefix(e.Raw, c.begin) || !strings.HasSuffix(e.Raw, c.end) || !strings.Contains(e.Raw, fmt.Sprint(len(c.sent), " bytes")) {
			t.Errorf("%s: %.50q ... %q", name, e.Raw, e.Raw[max(len(e.Raw)-50, 0):])
		}
		if len(e.Raw) > mostKept || len(e.Text) > mostKept || utf8.ValidString(c.sent) && !utf8.ValidString(e.Raw) {
			t.Errorf("%s: %d and %d bytes are kept", name, len(e.Raw), len(e.Text))
		}
		stream := streamError(500, c.sent)
		if got := errors.Unwrap(stream).(*RemoteError); len(stream.Message) > mostKept || got.Length != len(c.sent) || got.Hops != c.hops ||
			got.effect != c.outcome || c.kind != nil && !errors.Is(stream, c.kind) {
			t.Errorf("%s: a stream's: %+v", name, got)
		}
		for _, err := range []error{e, stream, &CallError{Method: c.sent, Err: e}} {
			if text := err.Error(); len(text) > 2*mostKept || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s: %T: %.100q", name, err, text)
			}
		}
	}
}

func TestAShortTextIsKeptAsItIs(t *testing.T) {
	for _, sent := range []string{"", "Permission denied", strings.Repeat("x", mostKept), "a\x1b\nb"} {
		e := remoteError(sent)
		if e.Raw != sent || e.Length != len(sent) {
			t.Errorf("%.40q: %.40q, %d", sent, e.Raw, e.Length)
		}
		if s := streamError(1, sent); s.Message != sent || s.whole != nil {
			t.Errorf("%.40q: %+v", sent, s)
		}
	}
}

// What is kept does not keep the whole.
func TestTheErrorsOfManyCallsHoldLittle(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var all []error
	for range 64 {
		all = append(all, remoteError(strings.Repeat("rpc error: ", 1<<16)+"x"), streamError(1, strings.Repeat("y", 1<<20)))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 8<<20 {
		t.Errorf("%d bytes are held by %d errors", held, len(all))
	}
	runtime.KeepAlive(all)
}

// A call stream is kept for other calls, and must not keep what a server wrote on it.
func TestADecoderKeepsNoLongName(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var all []*wire.Decoder
	for range 32 {
		d := wire.NewDecoder()
		var h wire.Header
		if err := d.Header(wire.AppendReply(nil, wire.Header{Seq: 1, ServiceMethod: strings.Repeat("m", 1<<20)}), &h); err != nil || len(h.ServiceMethod) != 1<<20 {
			t.Fatal(err, len(h.ServiceMethod))
		}
		all = append(all, d)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 8<<20 {
		t.Errorf("%d bytes are held by %d decoders", held, len(all))
	}
	runtime.KeepAlive(all)
}
