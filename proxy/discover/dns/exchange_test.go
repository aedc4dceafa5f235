package dns

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/edns"
)

// far is later than any test waits.
const far = time.Hour

// listen is a TCP resolver that answers each connection with b and hangs up.
func listen(t *testing.T, b []byte) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write(b)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return ln.Addr().String()
}

func TestTheSystemsResolversAreDialedWhereNoneIsConfigured(t *testing.T) {
	theirs, ours := listen(t, nil), listen(t, nil)
	for server, want := range map[string]string{"": theirs, ours: ours} {
		e := &exchanges{server: server, timeout: far, plain: new(edns.Resolvers)}
		c, err := e.resolver(t.Context()).Dial(t.Context(), "tcp", theirs)
		if err != nil || c.RemoteAddr().String() != want {
			t.Fatalf("%v, %v; want a connection to %s", c, err, want)
		}
		_ = c.Close()
	}
}

func TestAStreamThatBreaksOffIsMalformedAndOneThatIsEmptyIsNotThere(t *testing.T) {
	for sent, want := range map[string]int{
		"":                                        unreachable,
		"\x00\x20\x01":                            malformed,
		"\x00\x0c\x00\x01\x80\x00aaaaaaaa":        malformed, // another question's number
		"\x00\x0c\x00\x07\x00\x00aaaaaaaa":        malformed, // no answer at all
		"\x00\x0c\x00\x07\x80\x03aaaaaaaa":        noSuchName,
		"\x00\x0c\x00\x07\x80\x85aaaaaaaa":        refused,
		"\x00\x0c\x00\x07\x80\x04aaaaaaaa":        serverFailure,
		"\x00\x0c\x00\x07\x82\x02aaaaaaaatoomuch": serverFailure,
	} {
		e := &exchanges{timeout: far, plain: new(edns.Resolvers)}
		c, err := e.resolver(t.Context()).Dial(t.Context(), "tcp", listen(t, []byte(sent)))
		if err != nil {
			t.Fatal(err)
		}
		c.(*observed).id = [2]byte{0, 7}
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		if got := e.worst.Load(); got == nil || got.reason != want {
			t.Errorf("%q: %+v, want %v", sent, got, reasons[want])
		}
	}
}

func TestADeadlineIsNeverLaterThanTheTimeoutAllows(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	e := &exchanges{timeout: 20 * time.Millisecond, plain: new(edns.Resolvers)}
	c, err := e.resolver(t.Context()).Dial(t.Context(), "udp", silent.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(far)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	_ = c.Close()
	if got := e.worst.Load(); got.reason != timedOut {
		t.Errorf("%+v", got)
	}
}

func TestAPacketTooShortForAHeadIsMalformed(t *testing.T) {
	resolver, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer resolver.Close()
	for _, sent := range []string{"", "\x00", "\x00\x07\x80\x00\x00\x00\x00\x00\x00\x00\x00"} {
		e := &exchanges{timeout: far, plain: new(edns.Resolvers)}
		c, err := e.resolver(t.Context()).Dial(t.Context(), "udp", resolver.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("\x00\x07question")); err != nil {
			t.Fatal(err)
		}
		_, from, err := resolver.ReadFrom(make([]byte, 100))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []string{sent, "x"} { // the second one shows that the first was read
			if _, err := resolver.WriteTo([]byte(b), from); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Close()
		if got := e.worst.Load(); got.reason != malformed {
			t.Errorf("%q: %+v", sent, got)
		}
	}
}

func TestTheLeastConclusiveExchangeIsKept(t *testing.T) {
	e := &exchanges{}
	for _, reason := range []int{noData, timedOut, noSuchName, malformed} {
		e.note(finding{reason: reason})
	}
	if got := e.worst.Load().reason; got != timedOut {
		t.Errorf("%v, want %v", reasons[got], ErrTimeout)
	}
}
