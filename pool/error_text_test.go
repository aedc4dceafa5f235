package pool

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

var errOfTest = errors.New("it fell")

// tcp is an address as package net has it.
func tcp(addr string) net.Addr {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		panic(err)
	}
	return a
}

// refusedAt is package net's error for a dial that is refused.
func refusedAt(addr string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: tcp(addr), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// brokenAt is its error for a connection that broke.
func brokenAt(op, addr string, why error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: tcp("10.0.0.9:1"), Addr: tcp(addr), Err: os.NewSyscallError(op, why)}
}

// trusted is the error of a handshake whose certificate was not.
func trusted(addr string, kind, err error) error {
	return &TLSError{Addr: addr, Kind: kind, Wanted: "server.global.nomad", Err: err}
}

func TestAnErrorHasServerPhaseAndCauseOnce(t *testing.T) {
	const ip, name = "10.0.0.1:4647", "nomad.test:4647"
	lost := &net.DNSError{Err: "no such host", Name: "nomad.test", Server: "10.0.0.53:53", IsNotFound: true}
	late := error(&dialing.LateError{Limit: 2 * time.Second})
	bad := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	at := func(addr string, phase Phase, err error) *DialError {
		return &DialError{Addr: addr, Phase: phase, Err: err}
	}
	raced := raceFailed(name, []string{"10.0.0.1:4647", "10.0.0.2:4647", "10.0.0.3:4647"}, []error{
		at(name, PhaseDial, refusedAt("10.0.0.1:4647")), at(name, PhaseHandshake, late), at(name, PhaseDial, refusedAt("10.0.0.3:4647")),
	})
	for _, c := range []struct {
		name   string
		server string
		phase  Phase
		err    error
		want   string // of phase and cause
		cause  string // stands once
	}{
		{"dial refused", ip, PhaseDial, at(ip, PhaseDial, refusedAt(ip)), "dial: connection refused", "refused"},
		{"written otherwise", "[0:0::1]:4647", PhaseDial, at("[0:0::1]:4647", PhaseDial, refusedAt("[::1]:4647")), "dial: connection refused", "refused"},
		{"a name's address", name, PhaseDial, at(name, PhaseDial, refusedAt(ip)), "dial: 10.0.0.1:4647: connection refused", "10.0.0.1:4647"},
		{"from an address", ip, PhaseDial, at(ip, PhaseDial, &net.OpError{
			Op: "dial", Net: "tcp", Source: tcp("10.0.0.9:0"), Addr: tcp(ip), Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH),
		}), "dial: no route to host, local address 10.0.0.9:0", "no route"},
		{"dial timeout", ip, PhaseDial, at(ip, PhaseDial, late), "dial: no answer within 2s", "no answer"},
		{"a bad address", "x", PhaseDial, at("x", PhaseDial, &net.OpError{
			Op: "dial", Net: "tcp", Err: &net.AddrError{Err: "missing port in address", Addr: "x"},
		}), "dial: missing port in address", "missing"},
		{"no such name", name, PhaseDial, at(name, PhaseDial, lost), "dial: lookup on 10.0.0.53:53: no such host", "no such host"},
		{"no such name, of a dialer", name, PhaseDial, at(name, PhaseDial, &net.OpError{Op: "dial", Net: "tcp", Err: lost}), "dial: lookup on 10.0.0.53:53: no such host", "no such host"},
		{"another name", name, PhaseDial, at(name, PhaseDial, &net.DNSError{Err: "no such host", Name: "nomad.other"}), "dial: lookup nomad.other: no such host", "no such host"},
		{"a lookup given up", name, PhaseDial, at(name, PhaseDial, &dialing.LookupError{Cause: late, Err: lost}), "dial: no answer within 2s to the lookup of its name on 10.0.0.53:53", "no answer"},
		{"all addresses of a name", name, raced.Phase, raced, "handshake: none of 3 addresses works: 10.0.0.1:4647, 10.0.0.3:4647: dial: connection refused; 10.0.0.2:4647: no answer within 2s", "connection refused"},
		{"the peer hung up", ip, PhaseHandshake, at(ip, PhaseHandshake, credentials.HungUpError(ip, nil, nil, io.EOF)), "handshake: the server hung up at the first byte: it may want TLS, have reached its limit of connections (rpc_max_conns_per_client, 100 by default), or not be at its RPC port (4647): EOF", "EOF"},
		{"the peer hung up hard", ip, PhaseHandshake, at(ip, PhaseHandshake, credentials.HungUpError(ip, nil, nil, brokenAt("read", ip, syscall.ECONNRESET))), "handshake: the server hung up at the first byte: it may want TLS, have reached its limit of connections (rpc_max_conns_per_client, 100 by default), or not be at its RPC port (4647): read: connection reset by peer, local address 10.0.0.9:1", "reset"},
		{"behind TLS", ip, PhaseHandshake, at(ip, PhaseHandshake, credentials.HungUpError(ip, &credentials.Credentials{}, nil, io.EOF)), "handshake: the server hung up when TLS was set up: it may refuse this client's certificate: EOF", "EOF"},
		{"no TLS", ip, PhaseHandshake, at(ip, PhaseHandshake, trusted(ip, ErrTLSNotSpoken, tls.RecordHeaderError{
			Msg: "first record does not look like a TLS handshake", RecordHeader: [5]byte([]byte("HTTP/")),
		})), `handshake: the server does not answer in TLS: it may speak plain TCP, have reached its limit of connections (rpc_max_conns_per_client, 100 by default), or not be at its RPC port (4647): it sent "HTTP/"`, "HTTP/"},
		{"an alert", ip, PhaseHandshake, at(ip, PhaseHandshake, trusted(ip, ErrTLSFailed, &net.OpError{Op: "remote error", Err: errOfTest})), "handshake: TLS could not be set up: remote error: it fell", "it fell"},
		{"another name in the certificate", ip, PhaseHandshake, at(ip, PhaseHandshake, &TLSError{
			Kind: ErrTLSWrongName, Wanted: "server.global.nomad", Offered: []string{"server.mars.nomad"},
			Err: bad(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"server.mars.nomad"}}, Host: "server.global.nomad"}),
		}), "handshake: the server's certificate is for another name (another region?): wanted server.global.nomad, it offers server.mars.nomad", "server.mars.nomad"},
		{"an unknown authority", ip, PhaseHandshake, at(ip, PhaseHandshake, trusted(ip, ErrTLSUnknownAuthority, bad(x509.UnknownAuthorityError{}))), "handshake: the server's certificate comes from an authority that is not trusted (another CA?)", "authority"},
		{"an old certificate", ip, PhaseHandshake, at(ip, PhaseHandshake, trusted(ip, ErrTLSExpired, bad(x509.CertificateInvalidError{
			Cert: &x509.Certificate{}, Reason: x509.Expired, Detail: "current time 2 is after 1",
		}))), "handshake: the server's certificate is not valid at this time: it has expired: current time 2 is after 1", "current time"},
		{"reset", ip, PhaseFlushed, brokenAt("read", ip, syscall.ECONNRESET), "wait: read: connection reset by peer, local address 10.0.0.9:1", "reset by peer"},
		{"reset in its own phase", ip, PhaseRead, brokenAt("read", ip, syscall.ECONNRESET), "read: connection reset by peer, local address 10.0.0.9:1", "reset by peer"},
		{"broken in its own phase", ip, PhaseWrite, brokenAt("write", ip, syscall.EPIPE), "write: broken pipe, local address 10.0.0.9:1", "broken pipe"},
		{"reset behind a name", name, PhaseFlushed, brokenAt("read", ip, syscall.ECONNRESET), "wait: read 10.0.0.1:4647: connection reset by peer, local address 10.0.0.9:1", "reset by peer"},
		{"timed out", ip, PhaseFlushed, &net.OpError{Op: "read", Net: "tcp", Source: tcp("10.0.0.9:1"), Addr: tcp(ip), Err: os.ErrDeadlineExceeded}, "wait: read: i/o timeout, local address 10.0.0.9:1", "timeout"},
		{"the session's end", ip, PhaseFlushed, io.EOF, "wait: EOF", "EOF"},
		{"the stream's end", ip, PhaseFlushed, fmt.Errorf("%w: %w", ErrStreamEnded, io.EOF), "wait: stream ended without an answer: EOF", "EOF"},
		{"silence", ip, PhaseFlushed, fmt.Errorf("%w: no answer to a ping within %v", ErrSilent, time.Second), "wait: server is silent: no answer to a ping within 1s", "no answer"},
		{"held", ip, PhaseFlushed, &HoldError{Limit: time.Minute}, "wait: the server has not answered within 1m0s", "answered"},
		{"given up", ip, PhaseDial, fmt.Errorf("%w: %w", at(ip, PhaseDial, refusedAt(ip)), context.DeadlineExceeded), "dial: connection refused: context deadline exceeded", "refused"},
		{"given up twice", ip, PhaseDial, fmt.Errorf("%w: %w", at(ip, PhaseDial, refusedAt(ip)), errors.Join(errOfTest, context.Canceled)), "dial: connection refused: it fell; context canceled", "it fell"},
		{"wrapped by a dialer", ip, PhaseDial, at(ip, PhaseDial, fmt.Errorf("through the gate: %w", refusedAt(ip))), "dial: through the gate: connection refused", "refused"},
		{"through a proxy", ip, PhaseDial, at(ip, PhaseDial, &net.OpError{Op: "dial", Net: "tcp", Addr: tcp("10.0.0.7:1080"), Err: errOfTest}), "dial: 10.0.0.7:1080: it fell", "it fell"},
		{"the server's own words", ip, PhaseRemote, remoteError("rpc error: No cluster leader"), "remote: No cluster leader", "leader"},
		{"a server that takes nothing", ip, PhaseFlushed, &BacklogError{Limit: 7}, "wait: the server takes no more bytes, and over 7 are kept for it", "bytes"},
		{"no cause", ip, PhaseWrite, nil, "write: <nil>", "nil"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &CallError{Method: "A.B", Server: c.server, Phase: c.phase, Outcome: NotSent, Attempts: 3, Err: c.err}
			text := e.Error()
			if want := "A.B on " + c.server + ": " + c.want + " (not sent, 3 attempts)"; text != want {
				t.Errorf("%q\nwant %q", text, want)
			}
			for _, once := range []string{c.server, c.cause} {
				if n := strings.Count(text, once); n != 1 {
					t.Errorf("%q stands %d times in %q", once, n, text)
				}
			}
			if n := len(regexp.MustCompile(`\b`+c.phase.String()+`\b`).FindAllString(text, -1)); n != 1 {
				t.Errorf("the phase stands %d times in %q", n, text)
			}
			if c.err != nil && !errors.Is(e, c.err) {
				t.Error("it hides its cause")
			}
			d, ok := errors.AsType[*DialError](c.err)
			if !ok {
				return
			}
			if text := d.Error(); strings.Count(text, d.Addr) != 1 || !strings.HasPrefix(text, d.Phase.String()+" "+d.Addr+": ") {
				t.Errorf("%q", text)
			}
		})
	}
}

// What is under an error stays within reach, whatever its text leaves out.
func TestAShortTextHidesNothing(t *testing.T) {
	const ip = "10.0.0.1:4647"
	d := raceFailed("nomad.test:4647", []string{ip}, []error{&DialError{Addr: "nomad.test:4647", Phase: PhaseDial, Err: refusedAt(ip)}})
	e := &CallError{Phase: PhaseDial, Err: fmt.Errorf("%w: %w", d, errors.Join(errOfTest, &dialing.LookupError{Cause: &dialing.LateError{Limit: time.Second}, Err: &net.DNSError{}}))}
	for _, cause := range []error{syscall.ECONNREFUSED, errOfTest, context.DeadlineExceeded, d} {
		if !errors.Is(e, cause) {
			t.Errorf("%v is out of reach", cause)
		}
	}
	if op, ok := errors.AsType[*net.OpError](e); !ok || op.Addr.String() != ip {
		t.Errorf("%v", op)
	}
	if _, ok := errors.AsType[*net.DNSError](e); !ok {
		t.Error("the lookup is out of reach")
	}
}

func TestARefusedCallerGetsAReadableError(t *testing.T) {
	until := time.Date(2026, 11, 28, 12, 0, 1, 75e6, time.UTC)
	failed := func(addr string) poolcore.Failure {
		return poolcore.Failure{Addr: addr, Err: &DialError{Addr: addr, Phase: PhaseDial, Err: errOfTest}}
	}
	for want, r := range map[string]poolcore.Refusal{
		"dial 10.0.0.1:4647: it fell (failed once, not dialed again before 12:00:01.075)":                  {Failures: 1, Last: failed(addrA)},
		"dial 10.0.0.1:4647: it fell (failed 7 times in a row, not dialed again before 12:00:01.075)":      {Failures: 7, Last: failed(addrA), Paced: true},
		"dial 10.0.0.1:4647: b:1: it fell (failed 2 times in a row, not dialed again before 12:00:01.075)": {Failures: 2, Last: failed("b:1"), Paced: true},
		"handshake 10.0.0.1:4647: it fell (failed 2 times in a row, not dialed again before 12:00:01.075)": {Failures: 2, Last: poolcore.Failure{Addr: addrA, Err: errOfTest, Session: true}},
	} {
		r.Addr, r.Until = addrA, until
		if got := refusalError(&r).Error(); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
}

func TestTheErrorOfLastKnownAddressesTellsOfTheLookupAndOfTheDial(t *testing.T) {
	dialed := &DialError{Addr: "nomad.test:4647", Phase: PhaseDial, Err: errOfTest}
	err := explain(dialed, &net.DNSError{Err: "server misbehaving", Name: "nomad.test", Server: "10.0.0.53:53"})
	if want := "dial nomad.test:4647: lookup on 10.0.0.53:53: server misbehaving; and where the name led before: it fell"; err.Error() != want {
		t.Errorf("%q\nwant %q", err, want)
	}
	if _, ok := errors.AsType[*net.DNSError](err); !ok || !errors.Is(err, errOfTest) {
		t.Errorf("%v", err)
	}
	if explain(dialed, nil) != dialed || explain(nil, errOfTest) != nil {
		t.Error("an error was changed, or made, without a reason")
	}
}

func TestTheErrorOfARaceNamesSomeAddressesAndCountsTheOthers(t *testing.T) {
	var routes []string
	var failed []error
	for i := range 10 {
		routes = append(routes, fmt.Sprintf("192.0.2.%d:1", i))
		failed = append(failed, &DialError{Addr: "nomad.test:1", Phase: PhaseDial, Err: errOfTest})
	}
	failed[9].(*DialError).Phase = PhaseHandshake
	e := raceFailed("nomad.test:1", append(routes, "192.0.2.10:1"), failed)
	if e.Addr != "nomad.test:1" || e.Phase != PhaseHandshake || !errors.Is(e, errOfTest) {
		t.Errorf("%+v", e)
	}
	of := e.Err.(*raceError)
	if len(of.each) != 8 || of.each[1].Addr != "192.0.2.1:1" || of.each[1].Phase != PhaseDial {
		t.Errorf("%+v", of.each)
	}
	short := raceFailed("nomad.test:1", routes[:2], failed[:2]).Error()
	if want := "dial nomad.test:1: none of 2 addresses works: 192.0.2.0:1, 192.0.2.1:1: it fell"; short != want {
		t.Errorf("%q, want %q", short, want)
	}
	if want := "192.0.2.7:1: dial: it fell; and 3 more"; e.Error()[len(e.Error())-len(want):] != want {
		t.Errorf("%q, want %q at its end", e, want)
	}
}
