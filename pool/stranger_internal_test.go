package pool

import (
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

func TestAPeerIsKnownByWhatItSendsFirst(t *testing.T) {
	violated := newViolation("frame begins with", nil)
	header := tls.RecordHeaderError{Msg: "no TLS", RecordHeader: [5]byte([]byte("HTTP/"))}
	for _, c := range []struct {
		addr, first string
		err         error
		speaks      string // "-": it is not taken for another port
	}{
		{"10.0.0.1:1", "HTTP/1.1 400 Bad Request\r\n", violated, "HTTP"},
		{"10.0.0.1:1", "HTTP/", io.EOF, "HTTP"},
		{"10.0.0.1:1", "\x15\x03\x01\x00\x02\x02\x0a", io.EOF, "TLS without Nomad's first byte, as HTTPS is"},
		{"10.0.0.1:1", "SSH-2.0-x", io.EOF, "SSH"},
		{"10.0.0.1:1", "\x4a\x00\x00\x00\x0a8.0.36\x00", violated, "MySQL"},
		{"10.0.0.1:1", "\x4a\x00\x00\x00\xff\x10\x04Too many connections", violated, "MySQL"},
		{"10.0.0.1:1", "\x06\x00\x02\x00\x01\x00\x00\x00", violated, "an echo of what it gets"},
		{"10.0.0.1:1", "-ERR unknown command\r\n", violated, "Redis"},
		{"10.0.0.1:1", "\x0d\x81\xa5Error\xa3abc", violated, "Nomad's gossip (the Serf port)"},
		{"10.0.0.1:1", "\x09who knows\x1b[2J", violated, ""},
		{"10.0.0.1:1", "", header, "HTTP"},
		{"10.0.0.1:4646", "", &dialing.LateError{Limit: time.Second}, "4646 is Nomad's port for HTTP"},
		{"[::1]:4648", "", io.EOF, "4648 is Nomad's port for gossip"},
		{"10.0.0.1:4648", "", credentials.HungUpError("", nil, nil, io.EOF), "4648 is Nomad's port for gossip"},
		{"10.0.0.1:4648", "", credentials.HungUpError("", &credentials.Credentials{}, nil, io.EOF), "-"}, // it took Nomad's TLS
		{"10.0.0.1:4648", "", dialing.ErrLost, "-"},
		{"10.0.0.1:4647", "", io.EOF, "-"},
		{"10.0.0.1:4647", "\x00\x02\x00", io.EOF, "-"}, // the beginning of a good frame
		{"nonsense", "", io.EOF, "-"},
	} {
		err := strange(c.addr, []byte(c.first), c.err)
		e, ok := errors.AsType[*WrongPortError](err)
		if ok != (c.speaks != "-") || ok && (e.Speaks != c.speaks || !errors.Is(err, c.err)) {
			t.Errorf("%q at %s: %v, want %q", c.first, c.addr, err, c.speaks)
		}
		if ok && (!strings.Contains(err.Error(), "use the RPC port, 4647") || strings.ContainsAny(err.Error(), "\x1b\r\n")) {
			t.Errorf("%q", err)
		}
	}
}
