package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover"
)

// oddity is something at the path of a file that is not the file one wrote.
type oddity struct {
	name  string
	short bool
	put   func(path string) error
}

// oddities are those for every file.
func oddities() []oddity {
	text := func(what lazy) func(string) error {
		return func(path string) error { return os.WriteFile(path, what(), 0o600) }
	}
	link := func(to string) func(string) error { return func(path string) error { return os.Symlink(to, path) } }
	list := []oddity{
		{"nothing", false, func(string) error { return nil }},
		{"an empty file", false, text(is())},
		{"a directory", true, func(path string) error { return os.Mkdir(path, 0o700) }},
		{"a link to itself", false, func(path string) error { return os.Symlink(path, path) }},
		{"a link to nothing", false, link("not-there")},
		{"a link to its directory", false, link(".")},
		{"a link to zeros without end", true, link("/dev/zero")},
		{"a link to random bytes without end", false, link("/dev/urandom")},
		{"a link to a terminal", false, link("/dev/tty")},
		{"a link to a full device", false, link("/dev/full")},
		{"a link to this process's memory", false, link("/proc/self/mem")},
		{"a hole of 1 TiB", true, func(path string) error {
			f, err := os.Create(path)
			if err != nil {
				return err
			}
			err = f.Truncate(1 << 40)
			if err != nil {
				err = f.Truncate(1 << 32) // where files cannot be as large
			}
			return errors.Join(err, f.Close())
		}},
		{"64 MiB of zeros", false, text(repeated(64*mebi, 0))},
		{"64 MiB of line feeds", false, text(repeated(64*mebi, '\n'))},
		{"900 KiB of brackets", true, text(repeated(900<<10, '['))},
		{"binary", false, text(is([]byte("\x00\xff\x1b[2J\n\n\x80")))},
		{"1 MiB of dashes", false, text(repeated(mebi, '-'))},
		{"the beginning of a certificate 100,000 times", false, text(repeated(100_000, []byte("-----BEGIN CERTIFICATE-----\n")...))},
		{"100,000 empty certificates", false, text(repeated(100_000, []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")...))},
		{"a certificate with 100,000 headers", false, text(then(is([]byte("-----BEGIN CERTIFICATE-----\n")), repeated(100_000, []byte("A: b\n")...), is([]byte("\nAAAA\n-----END CERTIFICATE-----\n"))))},
		{"a certificate that is none", false, text(is([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")))},
		{"a key with a passphrase", false, text(is([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n")))},
	}
	return append(list, special()...)
}

// saved is a list of servers as a proxy saves it.
func saved(servers []string) ([]byte, error) {
	sum := sha256.Sum256([]byte(strings.Join(servers, "\n")))
	return json.Marshal(map[string]any{"version": 1, "checksum": "sha256:" + hex.EncodeToString(sum[:]), "servers": servers})
}

// fileScenarios is each oddity at each path, and lists of servers that are well formed.
func fileScenarios() []scenario {
	var list []scenario
	for _, o := range oddities() {
		placed := func(s *stage) (target, error) { // there before the agent starts
			path := s.path("file")
			return target{Path: path}, o.put(path)
		}
		list = append(list,
			scenario{name: "state: " + o.name, short: o.short, attack: placed, agent: remembers},
			scenario{name: "servers: " + o.name, attack: placed, agent: reads},
			scenario{name: "credentials at the start: " + o.name, attack: placed, agent: certified})
		for _, file := range []string{"ca", "cert", "key"} {
			list = append(list, scenario{name: file + " replaced: " + o.name, short: o.short && file == "ca", attack: replaces(file, o.put), agent: watches})
		}
	}
	for name, servers := range map[string]func() []string{
		"100,000 servers":     func() []string { return strings.Split(strings.Repeat("127.0.0.9:4647,", 100_000), ",") },
		"a server of 900 KiB": func() []string { return []string{strings.Repeat("x", 900<<10)} },
		"1,000 names":         func() []string { return strings.Split(strings.Repeat("n.test:4647,", 1000), ",") },
		"control characters":  func() []string { return []string{"\x1b[2J\x1b]0;owned\a\n", "\u202e", "\x00:4647", "127.0.0.9:4647"} },
		"no addresses": func() []string {
			return []string{"", ":", "::", "0.0.0.0:1", "[::1%x]:1", "a:99999"}
		},
	} {
		listed := func(s *stage) (target, error) {
			b, err := saved(servers())
			if err != nil {
				return target{}, err
			}
			path, err := s.mustWrite("file", b)
			return target{Path: path}, err
		}
		list = append(list, scenario{name: "state: a list of " + name, attack: listed, agent: remembers},
			scenario{name: "servers: a list of " + name, attack: listed, agent: reads})
	}
	return list
}

// replaces is an attack that puts something in the place of a file of good credentials,
// once the agent has read that.
func replaces(file string, put func(path string) error) attack {
	return func(s *stage) (target, error) {
		c, err := newCredentials()
		if err != nil {
			return target{}, err
		}
		c.target.Path, c.target.Addr = s.dir, c.target.Good
		for name, b := range map[string][]byte{"ca": c.target.CA, "cert": c.target.Cert, "key": c.target.Key} {
			if _, err := s.mustWrite(name, b); err != nil {
				return target{}, err
			}
		}
		go func() {
			<-s.up
			if err := errors.Join(os.Remove(s.path(file)), put(s.path(file))); err != nil {
				panic(err) // nothing was attacked
			}
		}()
		return c.target, nil
	}
}

// heeds adds heartbeats to what an agent does, as a good server answers them, so that
// lists are saved.
func (a *agent) heeds(t target) {
	a.busy = append(a.busy, func(ctx context.Context) {
		n := 0
		a.again(ctx, time.Second, func(ctx context.Context) error {
			n++
			return a.proxy.Heartbeat(ctx, messages.HeartbeatUpdate{
				Servers: []messages.ServerInfo{{RPCAdvertiseAddr: t.Good}, {RPCAdvertiseAddr: "127.0.0." + string(rune('2'+n%8)) + ":9"}},
				TTL:     10 * time.Second, NumNodes: 3, LeaderRPCAddr: t.Good,
			})
		})
	})
}

// remembers is an agent whose state file it is.
func remembers(t target) (*agent, error) {
	return without(func(path string) (*agent, error) {
		a, err := start(proxy.Config{Servers: []string{t.Good}, StateFile: path})
		if err != nil {
			return nil, err
		}
		a.add(2, calling{})
		a.heeds(t)
		return a, nil
	}, t.Path, "")
}

// reads is an agent that finds its servers in it.
func reads(t target) (*agent, error) {
	chain, err := discover.NewChain(discover.Link{From: discover.File(t.Path)}, discover.Link{From: discover.Static{t.Good}})
	if err != nil {
		return nil, err
	}
	a, err := start(proxy.Config{Discoverer: chain})
	if err != nil {
		return nil, err
	}
	a.add(2, calling{})
	a.busy = append(a.busy, func(ctx context.Context) {
		a.again(ctx, time.Second, func(ctx context.Context) error {
			_, err := discover.File(t.Path).Discover(ctx)
			return err
		})
	})
	return a, nil
}

// certified is an agent that has it for each of its files; it goes on without.
func certified(t target) (*agent, error) {
	return without(func(path string) (*agent, error) {
		cfg := proxy.Config{Servers: []string{t.Good}}
		if path != "" {
			cfg.Pool.TLS = &pool.TLSConfig{CAFile: path, CertFile: path, KeyFile: path}
		}
		a, err := start(cfg)
		if err != nil {
			return nil, err
		}
		a.add(2, calling{})
		a.busy = append(a.busy, func(ctx context.Context) {
			a.again(ctx, time.Second, func(ctx context.Context) error {
				return a.proxy.SetTLS(ctx, &pool.TLSConfig{CAFile: t.Path, CertFile: t.Path, KeyFile: t.Path})
			})
		})
		return a, nil
	}, t.Path, "")
}

// watches is an agent that reads its credentials again and again.
func watches(t target) (*agent, error) {
	file := func(name string) string { return filepath.Join(t.Path, name) }
	a, err := start(proxy.Config{Servers: []string{t.Addr}, Pool: pool.Config{TLS: &pool.TLSConfig{
		CAFile: file("ca"), CertFile: file("cert"), KeyFile: file("key"), Watch: 50 * time.Millisecond,
	}}})
	if err != nil {
		return nil, err
	}
	a.add(4, calling{})
	return a, nil
}

// without starts an agent with a path, or with another one if it refuses the first.
func without(with func(path string) (*agent, error), path, other string) (*agent, error) {
	a, refused := with(path)
	if refused == nil {
		return a, nil
	}
	a, err := with(other)
	if err != nil {
		return nil, err
	}
	a.first = refused
	return a, nil
}
