//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// quotedList is a list in the language of the configuration.
func quotedList(each []string) string { return `["` + strings.Join(each, `", "`) + `"]` }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestASidecarIsReloadedAndStopped(t *testing.T) {
	first, second := startCluster(t), startCluster(t)
	file := filepath.Join(t.TempDir(), "sidecar.hcl")
	write(t, file, "listen = [\"127.0.0.1:0\"]\nservers = "+quotedList(first.Addrs())+"\n")
	p := startProcess(t, nil, nil, "sidecar", "--config", file, "--drain-timeout", "1m")
	addr, _ := p.says("sidecar serves agents")["address"].(string)
	if leader := leaderThrough(t, addr); leader != first.Leader() {
		t.Errorf("through the sidecar %s leads, want %s", leader, first.Leader())
	}

	// What can change does, and what cannot is told of.
	write(t, file, "listen = [\"127.0.0.1:0\"]\nlog_level = \"debug\"\nmax_conns = 7\nservers = "+quotedList(second.Addrs())+"\n")
	p.signal(syscall.SIGHUP)
	p.says("a setting has changed", `"servers"`, second.Addrs()[0], first.Addrs()[0])
	if line := p.says("takes a restart"); line["setting"] != "max_conns" || line["in_force"] != "512" || line["given"] != "7" {
		t.Error(line)
	}
	p.says("a setting has changed", `"log_level"`, `"debug"`)
	p.says("read anew", `"changed":2`, `"restart_needed":1`)
	if leader := leaderThrough(t, addr); leader != second.Leader() {
		t.Errorf("through the sidecar %s leads, want %s", leader, second.Leader())
	}

	// A file with an error changes nothing, also where the rest of it is right.
	for text, says := range map[string]string{
		"servers = ":                 ":1: Missing expression",
		"sorvers = [\"10.0.0.1\"]":   ":1: sorvers is not known: did you mean servers?",
		"servers = [\"http://x\"]\n": `:1: servers has the bad address`,
		"max_conns = 0\nservers = " + quotedList(first.Addrs()):                                                                   ":1: max_conns is 0",
		"servers = " + quotedList(first.Addrs()) + "\ntls {\n  ca_file = \"" + filepath.Join(t.TempDir(), "none.pem") + "\"\n}\n": ":3: tls.ca_file is ",
	} {
		write(t, file, text)
		p.signal(syscall.SIGHUP)
		if line := p.says("the configuration is not taken"); line["level"] != "error" || !strings.Contains(fmt.Sprint(line["error"]), file+says) {
			t.Errorf("%q: %v, want %q", text, line, says)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.says("the configuration is not taken", "cannot be read")
	if leader := leaderThrough(t, addr); leader != second.Leader() {
		t.Errorf("through the sidecar %s leads, want %s", leader, second.Leader())
	}
	p.signal(syscall.SIGTERM)
	p.ends()
	if _, err := net.DialTimeout("tcp", addr, limit); err == nil {
		t.Error("it listens after its end")
	}
}

// manager is a service manager that hears what it is told.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &manager{t: t, conn: conn, path: path}
}

// hears waits for a message with a text, and returns it.
func (m *manager) hears(text string) string {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		m.t.Fatal(err)
	}
	b := make([]byte, 4096)
	for {
		n, err := m.conn.Read(b)
		if err != nil {
			m.t.Fatalf("waiting for %q: %v", text, err)
		}
		if strings.Contains(string(b[:n]), text) {
			return string(b[:n])
		}
	}
}

// newSocket listens until t ends; the file is the socket, as a service manager hands it over.
func newSocket(t *testing.T, addr string) (net.Listener, *os.File) {
	t.Helper()
	ln, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	socket, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	return ln, socket
}

func TestASidecarTakesOverSocketsAndTellsTheServiceManager(t *testing.T) {
	c := startCluster(t)
	ln, socket := newSocket(t, "127.0.0.1:0")
	m := newManager(t)
	env := []string{"NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=300000", "LISTEN_FDNAMES=rpcproxy.socket"}
	args := []string{"sidecar", "--servers", strings.Join(c.Addrs(), ",")}
	start := func() *process { return startProcess(t, env, []*os.File{socket}, args...) }

	p := start()
	if status := m.hears("READY=1"); !strings.Contains(status, "STATUS=0 connections of agents") {
		t.Errorf("%q", status)
	}
	if leader := leaderThrough(t, ln.Addr().String()); leader != c.Leader() {
		t.Errorf("through the sidecar %s leads, want %s", leader, c.Leader())
	}
	m.hears("WATCHDOG=1")
	p.signal(syscall.SIGHUP)
	if told := m.hears("RELOADING=1"); !strings.Contains(told, "MONOTONIC_USEC=") {
		t.Errorf("%q", told)
	}
	m.hears("READY=1")
	p.signal(syscall.SIGTERM)
	m.hears("STOPPING=1")

	// The socket is there while nobody serves it: a connection waits for the next process.
	p.ends()
	waiting, err := net.DialTimeout("tcp", ln.Addr().String(), limit)
	if err != nil {
		t.Fatal(err)
	}
	_ = waiting.Close()
	start()
	m.hears("READY=1")
	if leader := leaderThrough(t, ln.Addr().String()); leader != c.Leader() {
		t.Errorf("through the sidecar %s leads, want %s", leader, c.Leader())
	}
}

func TestASocketThatMustNotBeServedIsRefused(t *testing.T) {
	_, socket := newSocket(t, "0.0.0.0:0")
	p := startProcess(t, []string{"LISTEN_FDNAMES=rpcproxy.socket"}, []*os.File{socket}, "sidecar", "--servers", "127.0.0.1:1")
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	text := strings.Join(p.seen, "\n")
	if err := <-p.ended; err == nil || !strings.Contains(text, `the socket "rpcproxy.socket" of systemd listens on `) || !strings.Contains(text, "other machines can reach it") {
		t.Errorf("%v\n%s", err, text)
	}
}

// keyring has the files for TLS of a sidecar, towards servers and towards agents.
type keyring struct {
	dir    string
	ca     *testutil.CA
	config string
}

func (s *keyring) put(t *testing.T, name string, id *testutil.Identity) {
	t.Helper()
	write(t, filepath.Join(s.dir, name+".pem"), string(id.CertPEM))
	write(t, filepath.Join(s.dir, name+"-key.pem"), string(id.KeyPEM))
}

func newKeyring(t *testing.T, servers []string, ca *testutil.CA) *keyring {
	t.Helper()
	s := &keyring{dir: t.TempDir(), ca: ca}
	write(t, filepath.Join(s.dir, "ca.pem"), string(ca.PEM()))
	client, err := ca.Client("global")
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "client", client)
	front, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "front", front)
	s.config = filepath.Join(s.dir, "sidecar.hcl")
	file := func(name string) string { return `"` + filepath.Join(s.dir, name) + `"` }
	write(t, s.config, "listen = [\"127.0.0.1:0\"]\nservers = "+quotedList(servers)+
		"\ntls {\n  ca_file = "+file("ca.pem")+"\n  cert_file = "+file("client.pem")+"\n  key_file = "+file("client-key.pem")+
		"\n}\nagents {\n  cert_file = "+file("front.pem")+"\n  key_file = "+file("front-key.pem")+"\n  client_ca_file = "+file("ca.pem")+"\n}\n")
	return s
}

func TestASidecarSpeaksTLSBothWaysAndTakesNewCertificates(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	id, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	server, err := testutil.StartServer(testutil.ServerConfig{TLS: ca.ServerTLS(id, "global")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	s := newKeyring(t, []string{server.Addr()}, ca)
	if out, errs, status := program(t, "sidecar", "--config", s.config, "--check"); status != exitOK || out != "the configuration is good\n" || errs != "" {
		t.Fatalf("%d, %q, %q", status, out, errs)
	}
	p := startProcess(t, nil, nil, "sidecar", "--config", s.config)
	addr, _ := p.says("sidecar serves agents")["address"].(string)
	in := func(name string) string { return filepath.Join(s.dir, name) }
	agent := []string{"--ca", in("ca.pem"), "--cert", in("client.pem"), "--key", in("client-key.pem")}
	if leader := leaderThrough(t, addr, agent...); leader != server.Addr() {
		t.Errorf("%s leads", leader)
	}

	// Another authority signs for agents and for the sidecar from now on: those with the old
	// one are strangers. Towards the server nothing changes.
	other, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	front, err := other.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	client, err := other.Client("global")
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "front", front)
	s.put(t, "agent", client)
	write(t, in("agents.pem"), string(other.PEM()))
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `client_ca_file = "`+in("ca.pem"), `client_ca_file = "`+in("agents.pem"), 1)

	// With a key that does not fit nothing changes.
	write(t, in("front-key.pem"), string(client.KeyPEM))
	write(t, s.config, changed)
	p.signal(syscall.SIGHUP)
	p.says("the configuration is not taken", "agents.key_file does not fit agents.cert_file")
	if leader := leaderThrough(t, addr, agent...); leader != server.Addr() {
		t.Errorf("%s leads", leader)
	}
	s.put(t, "front", front)
	p.signal(syscall.SIGHUP)
	p.says("read anew")
	renewed := []string{"--ca", in("agents.pem"), "--cert", in("agent.pem"), "--key", in("agent-key.pem")}
	if leader := leaderThrough(t, addr, renewed...); leader != server.Addr() {
		t.Errorf("%s leads", leader)
	}
	out, errs, status := program(t, append([]string{"ping", "-n", "1", "--servers", addr}, agent...)...)
	expect(t, status, exitFailed, out, errs)

	// A certificate of the authority that is no agent's.
	person, err := other.Issue(testutil.CertConfig{Names: []string{"cli.global.nomad"}})
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "person", person)
	out, errs, status = program(t, "ping", "-n", "1", "--servers", addr, "--ca", in("agents.pem"), "--cert", in("person.pem"), "--key", in("person-key.pem"))
	expect(t, status, exitFailed, out, errs)
	p.signal(syscall.SIGINT)
	p.ends()
}
