package status_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

// planted are secrets, each with the mark that is looked for.
type planted struct {
	n     int
	marks []string
	bare  map[string]bool // marks of tokens that nothing tells from the ID of a node
}

// uuid is a new token in the form of Nomad's and Consul's.
func (p *planted) uuid() string {
	p.n++
	mark := fmt.Sprintf("5ec4e7%02x", p.n)
	p.marks = append(p.marks, mark)
	return mark + "-1111-2222-3333-444444444444"
}

// token is one with nothing around it that says what it is.
func (p *planted) token() string {
	token := p.uuid()
	p.bare[token[:8]] = true
	return token
}

// named is a text that calls one a token.
func (p *planted) named() string {
	return fmt.Sprintf("ACL token %q not found, SecretID=%s", p.uuid(), p.uuid())
}

// jwt is a signed identity.
func (p *planted) jwt() string { return "eyJhbGciOi.eyJ" + p.word() + ".c2ln" }

// word is a new one without a form.
func (p *planted) word() string {
	p.n++
	mark := fmt.Sprintf("hush-%d-hush", p.n)
	p.marks = append(p.marks, mark)
	return mark
}

// url is one with a password.
func (p *planted) url() string {
	return "http://me:" + p.word() + "@host:1/?X-Nomad-Token=" + p.word() + "&a=b"
}

// key is a private key.
func (p *planted) key() string {
	return "-----BEGIN EC PRIVATE KEY-----\n" + p.word() + "\n-----END EC PRIVATE KEY-----"
}

// finder finds what it is told to, under a name.
type finder struct {
	name  string
	found []messages.Found
	err   error
}

func (f finder) Discover(context.Context) ([]string, error)     { return nil, f.err }
func (f finder) Find(context.Context) ([]messages.Found, error) { return f.found, f.err }
func (f finder) Source() string                                 { return f.name }
func (p *planted) inAText() error                               { return errors.New(p.text()) }
func (p *planted) text() string {
	return "denied:\n" + p.named() + " " + p.jwt() + " " + p.token() + " " + p.url() + " " + p.key()
}
func (p *planted) cut() error { return errors.New(strings.Repeat("x", 290) + " " + p.token()) }
func unzipped(t *testing.T, archive string) (files map[string]string) {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		files[f.Name] = string(text)
	}
	return files
}

func TestNoSecretIsShownWhereverItCameIn(t *testing.T) {
	s := &planted{bare: map[string]bool{}}
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	id, err := ca.Client("global")
	if err != nil {
		t.Fatal(err)
	}
	s.marks = append(s.marks, strings.Split(string(id.KeyPEM), "\n")[1]) // the real key
	c := startCluster(t, 2)
	echoed := s.text()
	for _, server := range c.Servers() {
		server.Handle("Echo.Echo", func(_ context.Context, r *testutil.Request) (any, error) {
			return nil, errors.New(echoed) // what a server makes of what it is asked
		})
	}
	t.Setenv("NOMAD_TOKEN", s.token())
	var log bytes.Buffer // written by one goroutine, read when it has ended
	cfg := proxy.Config{
		Servers:    c.Addrs(),
		Logger:     zerolog.New(&log), // debug, too
		Region:     "global",
		NodeID:     s.token(),
		StateFile:  t.TempDir() + "/" + s.token(),
		Discoverer: finder{"consul " + s.url() + s.token(), []messages.Found{{Addr: s.token() + ".example.com", Source: messages.Source(s.url())}}, s.inAText()},
	}
	p := startProxy(t, cfg)
	tenant, err := p.NewTenant(pool.Handlers{})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, tenant.Stop)
	args := map[string]string{"SecretID": s.token(), "AuthToken": s.word(), "Identity": s.jwt()}
	said := ""
	for _, call := range []func(context.Context, string, any, any, ...proxy.CallOption) error{p.Call, tenant.Call} {
		if err := call(within(t), "Status.Ping", args, nil); err != nil {
			t.Fatal(err)
		}
		err := call(within(t), "Echo.Echo", args, nil)
		if remote, ok := errors.AsType[*pool.RemoteError](err); !ok || remote.Raw != echoed {
			t.Fatalf("a program needs the text as it was sent: %v", err)
		}
		said += err.Error() + "\n"
		if front, err := p.FindServer(); err == nil { // an agent that takes it for a failure
			_ = p.NotifyFailed(within(t), front, fmt.Errorf("heartbeat: %w", errors.New(echoed)))
		}
	}
	_, err = proxy.Start(proxy.Config{Servers: c.Addrs(), Pool: pool.Config{TLS: &pool.TLSConfig{CAPEM: []byte(s.key()), CertPEM: id.CertPEM, KeyPEM: []byte(s.text())}}})
	if err == nil {
		t.Fatal("keys that are none are taken")
	}
	said += err.Error() + "\n"

	// A goroutine that has a secret among its arguments and its labels.
	hold, held := make(chan struct{}), make(chan struct{})
	go pprof.Do(context.Background(), pprof.Labels("token", s.token(), s.word(), "x"), func(context.Context) {
		func(arg [64]byte) {
			close(held)
			<-hold
			_ = arg
		}([64]byte([]byte(s.marks[0] + strings.Repeat("-", 64))[:64]))
	})
	<-held
	defer close(hold)

	var front messages.Server
	for _, cause := range []error{s.inAText(), s.cut(), fmt.Errorf("dial %s: %w", s.url(), s.inAText())} {
		for range 2 {
			if front, err = p.FindServer(); err == nil {
				if err := p.NotifyFailed(within(t), front, cause); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{
		Servers:       []messages.ServerInfo{{RPCAdvertiseAddr: c.Addrs()[0]}, {RPCAdvertiseAddr: s.token() + ":4647"}, {RPCAdvertiseAddr: "no address " + s.text()}},
		LeaderRPCAddr: s.text(), TTL: far, From: messages.Server{Addr: s.token() + ":4647"},
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.SetServers(within(t), s.token()+":4647", c.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	if err := p.AddBackup(within(t), s.token()); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the server that is named like a secret is in front for a while
		if front, err = p.FindServer(); err == nil {
			_ = p.NotifyFailed(within(t), front, s.inAText())
		}
	}
	h := status.New(p, status.Config{Configuration: map[string]any{
		"proxy": cfg, "token": s.word(), "SecretID": []string{s.word()}, "nested": map[string]any{"api_key": s.word(), "a_list": []any{s.token(), s.url()}},
		"tls":       pool.TLSConfig{CAFile: "ca.pem", KeyFile: "keys/" + s.token() + ".pem", KeyPEM: []byte(s.key()), CertPEM: id.CertPEM},
		"arguments": []string{"--token", s.token(), "--address=" + s.url()}, "text": s.text(), s.token(): "as a name",
		"credentials": struct{ User, Value string }{"me", s.word()}, "identity": id, "bytes": []byte(s.word()),
	}})
	url := serve(t, h)
	bodies := map[string]string{}
	for _, path := range []string{"/", "/snapshot.json", "/state.json", "/healthz", "/none" + s.marks[0]} {
		_, bodies[path] = ask(t, "GET", url+path)
	}
	delete(bodies, "/none"+s.marks[0]) // it was asked for
	events := open(t, url+"/events")
	first, _ := events.next()
	second, _ := events.next()
	bodies["/events"] = first.data + second.data
	archive := get(t, url+"/debug/bundle.zip")
	for name, text := range unzipped(t, archive) {
		bodies[name] = text
	}
	if len(bodies) < 14 {
		t.Fatalf("%d places are looked at", len(bodies))
	}
	shown := 0
	for _, mark := range s.marks {
		for place, body := range bodies {
			if at := strings.Index(body, mark); at >= 0 {
				t.Errorf("%s has a secret: ...%s", place, body[max(at-100, 0):min(at+60, len(body))])
			}
		}
		if s.bare[mark] && strings.Contains(fmt.Sprintf("%+v", p.Snapshot())+p.Explain().String(), mark) {
			shown++
		}
	}
	// What this test has planted does come in: what may be the name of a node stays there.
	if shown < 5 {
		t.Errorf("only %d of %d secrets have reached the state of the proxy: this test has not looked at anything", shown, len(s.marks))
	}
	explained, err := json.Marshal(p.Explain())
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := json.Marshal(p.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	decisions := p.Explain().String()
	stop(t, tenant.Stop)
	stop(t, p.Stop)
	for place, text := range map[string]string{"Explain": decisions, "Explain as JSON": string(explained), "Snapshot as JSON": string(snapshot), "the log": log.String(), "errors": said} {
		if place != "Snapshot as JSON" && !strings.Contains(text, "denied:") {
			t.Errorf("no text of a server has come into %s: %s", place, text)
		}
		for _, mark := range s.marks {
			if at := strings.Index(text, mark); at >= 0 && !s.bare[mark] {
				t.Errorf("%s has a secret: ...%s", place, text[max(at-100, 0):min(at+60, len(text))])
			}
		}
	}
	for _, name := range []string{"snapshot.json", "decisions.json", "health.json", "stats.json", "build.json", "configuration.json"} {
		if !json.Valid([]byte(bodies[name])) {
			t.Errorf("%s is no JSON: %.200s", name, bodies[name])
		}
	}
}

// dirty is a value with a secret in each of its strings.
func dirty(v reflect.Value, secret string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(secret)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				dirty(v.Field(i), secret)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		dirty(v.Elem(), secret)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			dirty(v.Index(i), secret)
		}
	}
}

// everywhere has a secret in each text that a snapshot and an explanation have. What it answers it
// shares with others.
type everywhere struct {
	snapshot proxy.Snapshot
	explain  proxy.Explanation
}

func (e *everywhere) Snapshot() proxy.Snapshot   { return e.snapshot }
func (e *everywhere) Explain() proxy.Explanation { return e.explain }

func newEverywhere(secret string) *everywhere {
	e := &everywhere{}
	dirty(reflect.ValueOf(&e.snapshot).Elem(), secret)
	dirty(reflect.ValueOf(&e.explain).Elem(), secret)
	return e
}

// A field that is added later is not forgotten, and what is left out is left in the state itself.
func TestEveryTextOfTheStateIsLookedThrough(t *testing.T) {
	const secret = "5ec4e700-1111-2222-3333-444444444444"
	source := newEverywhere(secret)
	url := serve(t, status.New(source, status.Config{}))
	first, _ := open(t, url+"/events").next()
	_, healthz := ask(t, "GET", url+"/healthz")
	for place, body := range map[string]string{"snapshot": get(t, url+"/snapshot.json"), "state": get(t, url+"/state.json"), "events": first.data, "health": healthz} {
		if strings.Contains(body, secret) || !strings.Contains(body, "...") {
			t.Errorf("%s: %s", place, body)
		}
	}
	for name, body := range unzipped(t, get(t, url+"/debug/bundle.zip")) {
		if strings.Contains(body, secret) {
			t.Errorf("%s: %s", name, body)
		}
	}
	if !reflect.DeepEqual(source, newEverywhere(secret)) {
		t.Error("the state was changed")
	}
}
