package agentapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/pemtext"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
)

// Config says which agent to ask, and how.
type Config struct {
	// Addr is the agent's HTTP API: a URL of the scheme http or https, host:port, which is
	// http, or unix:// and the path of a socket. Needed.
	Addr string
	// Region is the one whose servers are asked for. Empty: the agent's own.
	Region string

	// The CA of the agent's certificate, and the certificate to show, as files or as PEM.
	// Empty: the CAs of the system, and no certificate.
	CAFile, CertFile, KeyFile string
	CAPEM, CertPEM, KeyPEM    []byte
	// ServerName is the name in the agent's certificate. Empty: the host of Addr.
	ServerName string
	// Timeout bounds the whole. Zero: 3 s.
	Timeout time.Duration
}

// AddrError reports that Config.Addr is no address of an HTTP API.
type AddrError struct {
	Addr   string // as given
	Reason string
}

func (e *AddrError) Error() string {
	return fmt.Sprintf("%s is no address of an agent: %s; give http://host:4646, or https", printable.Quote(printable.WithoutSecrets(e.Addr), printable.MaxName), printable.Text(e.Reason))
}

// Error reports that an agent did not tell its servers.
type Error struct {
	Addr string // as given
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("the agent at %s does not tell its servers: %s", printable.Name(printable.WithoutSecrets(e.Addr)), contain.Text(e.Err))
}

func (e *Error) Unwrap() error { return e.Err }

// limit bounds an answer, in bytes: those of a region are few.
const limit = 1 << 20

// Peers asks the agent once. The addresses are as it gave them. It blocks for cfg.Timeout at
// most. The error is an *AddrError, or an *Error, whose cause is that of ctx if ctx has
// ended.
func Peers(ctx context.Context, cfg Config) ([]string, error) {
	target, socket, err := parse(cfg.Addr)
	if err != nil {
		return nil, err
	}
	target.Path += "/v1/status/peers"
	if cfg.Region != "" {
		target.RawQuery = url.Values{"region": {cfg.Region}}.Encode()
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 3 * time.Second
	}
	limited, stop := context.WithTimeoutCause(ctx, cfg.Timeout, fmt.Errorf("no answer within %v", cfg.Timeout))
	defer stop()
	peers, err := ask(limited, cfg, target, socket)
	if err != nil && limited.Err() != nil {
		err = context.Cause(limited)
	}
	if err != nil {
		return nil, &Error{Addr: cfg.Addr, Err: err}
	}
	return peers, nil
}

// parse reads an address. socket is the path of one, or empty.
func parse(addr string) (target *url.URL, socket string, err error) {
	if path, ok := strings.CutPrefix(addr, "unix://"); ok && path != "" {
		return &url.URL{Scheme: "http", Host: "localhost"}, path, nil
	}
	text := addr
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	target, err = url.Parse(text)
	switch bad := (*url.Error)(nil); {
	case errors.As(err, &bad):
		return nil, "", &AddrError{addr, bad.Err.Error()}
	case err != nil:
		return nil, "", &AddrError{addr, err.Error()}
	case target.Scheme != "http" && target.Scheme != "https":
		return nil, "", &AddrError{addr, "its scheme is neither http nor https"}
	case target.Hostname() == "":
		return nil, "", &AddrError{addr, "it has no host"}
	case target.RawQuery != "" || target.Fragment != "":
		return nil, "", &AddrError{addr, "it has more than a host, a port and a path"}
	}
	target.Path = strings.TrimRight(target.Path, "/")
	return target, "", nil
}

// Open reads the address and the certificates of an agent, and connects to nothing. Requests
// are for target, or a path below it, and each has a connection of its own. It waits for files
// that are pipes, until ctx ends. The error is an *AddrError, or about the certificates.
func Open(ctx context.Context, cfg Config) (target *url.URL, transport *http.Transport, err error) {
	target, socket, err := parse(cfg.Addr)
	if err != nil {
		return nil, nil, err
	}
	transport, err = open(ctx, cfg, target, socket)
	return target, transport, err
}

func open(ctx context.Context, cfg Config, target *url.URL, socket string) (transport *http.Transport, err error) {
	transport = &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10, Proxy: http.ProxyFromEnvironment}
	if socket != "" {
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
	}
	if target.Scheme == "https" {
		if transport.TLSClientConfig, err = cfg.tls(ctx); err != nil {
			return nil, err
		}
	}
	return transport, nil
}

// ask makes the request.
func ask(ctx context.Context, cfg Config, target *url.URL, socket string) (peers []string, err error) {
	transport, err := open(ctx, cfg, target, socket)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("it answers %d: %s", answer.StatusCode, printable.Text(strings.TrimSpace(string(text))))
	case len(text) > limit:
		return nil, fmt.Errorf("it answers with more than %d bytes", limit)
	}
	if err := json.Unmarshal(text, &peers); err != nil {
		return nil, fmt.Errorf("it answers with something else than a list of addresses: %s", printable.Text(string(text[:min(len(text), 200)])))
	}
	if len(peers) == 0 {
		return nil, errors.New("it knows none")
	}
	return peers, nil
}

// tls reads the certificates.
func (c Config) tls(ctx context.Context) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CAFile != "" || len(c.CAPEM) > 0 {
		text, err := read(ctx, c.CAFile, c.CAPEM)
		if err != nil {
			return nil, err
		}
		trusted, err := pemtext.Authorities(text)
		if err != nil {
			return nil, err
		}
		out.RootCAs = x509.NewCertPool()
		for _, t := range trusted {
			out.RootCAs.AddCert(t)
		}
	}
	if c.CertFile == "" && len(c.CertPEM) == 0 {
		return out, nil
	}
	certText, err := read(ctx, c.CertFile, c.CertPEM)
	if err != nil {
		return nil, err
	}
	keyText, err := read(ctx, c.KeyFile, c.KeyPEM)
	if err != nil {
		return nil, err
	}
	chain, err := pemtext.Chain(certText)
	if err != nil {
		return nil, err
	}
	keys, err := pemtext.Keys(keyText)
	if err != nil {
		return nil, err
	}
	shown, err := pemtext.Pair(chain, keys, time.Now())
	if err != nil {
		return nil, err
	}
	out.Certificates = []tls.Certificate{*shown}
	return out, nil
}

// read is what a file holds, or else what was given.
func read(ctx context.Context, file string, given []byte) ([]byte, error) {
	if file == "" {
		return given, nil
	}
	f, err := safefile.Read(ctx, file, safefile.Rules{Limit: pemtext.Limit})
	if err != nil {
		return nil, err
	}
	return f.Data, nil
}
