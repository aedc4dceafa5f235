package pool

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// WrongPortError means that the port which was dialed is not that of a Nomad server's RPC:
// what answers there speaks another protocol, or hangs up at a port that Nomad's servers
// have for something else. It is the cause of a *DialError.
type WrongPortError struct {
	Speaks string // what the peer speaks, such as "HTTP", or what the port is for; empty: unknown
	Begins []byte // what it sent first, 64 bytes at most; nil: nothing
	Err    error  // of the handshake: a *ProtocolError or a *TLSError most often
}

func (e *WrongPortError) Error() string { return e.text(stated{}) }

// text is what is there and what to use in its place, without what s states.
func (e *WrongPortError) text(s stated) string {
	var b strings.Builder
	b.WriteString("this is no RPC port of a Nomad server")
	if e.Speaks != "" {
		b.WriteString(", but " + printable.Text(e.Speaks))
	}
	if e.Begins != nil {
		b.WriteString(": it sent " + printable.Quote(string(e.Begins), shownBytes))
	}
	b.WriteString(": use the RPC port, " + messages.DefaultPort + " by default")
	if e.Speaks == "" || e.Begins == nil {
		b.WriteString(": " + s.text(e.Err))
	}
	return b.String()
}

func (e *WrongPortError) Unwrap() error { return e.Err }

// shownBytes is how much the text has of what came.
const shownBytes = 40

// strangers are other protocols, by what their servers send first.
var strangers = []struct{ begins, speaks string }{
	{"HTTP/", "HTTP"},
	{"\x15\x03", "TLS without Nomad's first byte, as HTTPS is"}, // an alert
	{"\x16\x03", "TLS without Nomad's first byte, as HTTPS is"}, // a handshake
	{"SSH-", "SSH"},
	{"220 ", "SMTP or FTP"},
	{"220-", "SMTP or FTP"},
	{"-ERR", "Redis"},
	{"\x0d\x81\xa5Error", "Nomad's gossip (the Serf port)"}, // hashicorp/memberlist v0.5.0, net.go, errMsg
	{"\x06\x00\x02\x00\x01", "an echo of what it gets"},
	{"RFB ", "VNC"},
	{"AMQP", "AMQP"},
}

// mysqlAt is where MySQL's greeting, behind three bytes of length and the number 0, has
// the version of its protocol.
const mysqlAt = 4

// speaks is the protocol of a server that sent this first; empty: it is not known.
func speaks(first []byte) string {
	for _, s := range strangers {
		if bytes.HasPrefix(first, []byte(s.begins)) {
			return s.speaks
		}
	}
	if len(first) > mysqlAt && first[1] == 0 && first[2] == 0 && first[3] == 0 && (first[mysqlAt] == 10 || first[mysqlAt] == 0xff) {
		return "MySQL"
	}
	return ""
}

// The ports that Nomad's servers have for something else by default.
var otherPorts = map[string]string{"4646": "4646 is Nomad's port for HTTP", "4648": "4648 is Nomad's port for gossip"}

// strange is the error of a handshake that failed with err before the server at addr had
// proved to be one. first is what came in first.
func strange(addr string, first []byte, err error) error {
	if header, ok := errors.AsType[tls.RecordHeaderError](err); ok && len(first) == 0 {
		first = header.RecordHeader[:]
	}
	e := &WrongPortError{Speaks: speaks(first), Begins: first, Err: err}
	if len(first) > 0 {
		if _, violated := errors.AsType[*ProtocolError](err); violated || e.Speaks != "" {
			return e
		}
		return err
	}
	_, late := errors.AsType[*dialing.LateError](err)
	if _, port, _ := net.SplitHostPort(addr); late || credentials.HungUp(err) && !errors.Is(err, ErrTLSDropped) {
		e.Speaks, e.Begins = otherPorts[port], nil
	}
	if e.Speaks == "" {
		return err
	}
	return e
}

// full adds to the error of a dial what else it may mean that the connection was accepted
// and closed before the dial was over.
func full(err error) error {
	if !errors.Is(err, syscall.ECONNRESET) {
		return err
	}
	return fmt.Errorf("%w: the server may have reached its limit of connections (rpc_max_conns_per_client, 100 by default), or this may not be its RPC port (4647)", err)
}
