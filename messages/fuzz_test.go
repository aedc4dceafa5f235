package messages_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

func FuzzParseServer(f *testing.F) {
	for _, c := range goodAddrs {
		f.Add(c.in)
	}
	for _, c := range badAddrs {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := messages.ParseServer(in)
		if err != nil {
			bad, ok := errors.AsType[*messages.AddrError](err)
			if !ok {
				t.Fatalf("%q: error %T, want an *AddrError", in, err)
			}
			if got != (messages.Server{}) || bad.Input != in || bad.Reason == "" {
				t.Fatalf("%q: %+v, %+v", in, got, bad)
			}
			checkAddrError(t, bad)
			return
		}
		if got.Name != in {
			t.Fatalf("%q: name %q, want it as given", in, got.Name)
		}
		checkNormal(t, in, got.Addr)
		again, err := messages.ParseServer(got.Addr)
		if again.Addr != got.Addr || err != nil {
			t.Fatalf("%q became %q, which became %q, %v", in, got.Addr, again.Addr, err)
		}
		upper, err := messages.ParseServer(strings.ToUpper(in))
		if !strings.Contains(in, "%") && (upper.Addr != got.Addr || err != nil) {
			t.Fatalf("%q became %q, but in capitals %q, %v", in, got.Addr, upper.Addr, err)
		}
	})
}

// checkAddrError checks that the text quotes the input, or the first 100 bytes
// of it, why it is refused and what would be accepted.
func checkAddrError(t *testing.T, e *messages.AddrError) {
	t.Helper()
	text := e.Error()
	input := e.Input
	if at := strings.LastIndex(input, "@"); at >= 0 {
		input = "..." + input[at:] // a password may be before it
	}
	if quotedIn(text) != beginning(input, 100) || !strings.Contains(text, e.Reason) || !strings.Contains(text, "want host") {
		t.Errorf("the error for %q is %q", e.Input, text)
	}
	if len(input) > 100 && !strings.Contains(text, fmt.Sprintf("(%d bytes)", len(input))) {
		t.Errorf("the error for %q does not say that it is cut short: %q", e.Input, text)
	}
	if len(text) > 700 {
		t.Errorf("the error for %d bytes of input has %d", len(e.Input), len(text))
	}
}

// quotedIn is what text quotes first. More is escaped in it than %q escapes.
func quotedIn(text string) string {
	quoted, err := strconv.QuotedPrefix(text[max(strings.IndexByte(text, '"'), 0):])
	if err != nil {
		return err.Error()
	}
	plain, err := strconv.Unquote(quoted)
	if err != nil {
		return err.Error()
	}
	return plain
}

// beginning is the first bytes of s, or a few less: a character is not cut in two.
func beginning(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := most
	for at := range s { // where characters, and bytes that are none, begin
		if at > most {
			break
		}
		end = at
	}
	return s[:end]
}

// checkNormal checks with the standard library's eyes that addr is host:port in
// normal form.
func checkNormal(t *testing.T, in, addr string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil || net.JoinHostPort(host, port) != addr {
		t.Fatalf("%q became %q, which is not host:port: %v", in, addr, err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		t.Fatalf("%q became %q: bad port", in, addr)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.String() != host || ip.Is4In6() {
			t.Fatalf("%q became %q: the IP address is not in normal form", in, addr)
		}
		if ip.IsUnspecified() || ip.IsMulticast() || host == "255.255.255.255" {
			t.Fatalf("%q became %q: no server has that address", in, addr)
		}
		return
	}
	host, absolute := strings.CutSuffix(host, ".")
	if absolute != strings.Contains(in+":", ".:") {
		t.Fatalf("%q became %q: whether the name is absolute is lost", in, addr)
	}
	if host != strings.ToLower(host) || len(host) > 253 || host == "" {
		t.Fatalf("%q became %q: the name is not in normal form", in, addr)
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			t.Fatalf("%q became %q: bad label %q", in, addr, label)
		}
	}
}
