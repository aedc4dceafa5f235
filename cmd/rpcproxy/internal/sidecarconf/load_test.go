package sidecarconf

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the golden files anew")

// loader is a Loader for a command line and an environment.
func loader(t *testing.T, env map[string]string, args ...string) *Loader {
	t.Helper()
	flags := pflag.NewFlagSet("sidecar", pflag.ContinueOnError)
	l := New(flags)
	l.lookUp = func(name string) (string, bool) { text, found := env[name]; return text, found }
	l.names = func() (all []string) {
		for name, text := range env {
			all = append(all, name+"="+text)
		}
		return all
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return l
}

// load loads a configuration that is right.
func load(t *testing.T, env map[string]string, args ...string) *Config {
	t.Helper()
	c, _, err := loader(t, env, args...).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// written is the name of a file with a text.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sidecar.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEverySettingCanBeGivenInAFile(t *testing.T) {
	want := &Config{
		File: "testdata/all.hcl", Listen: []string{"127.0.0.1:4746", "[::1]:4746"}, Advertise: "127.0.0.1:4746",
		Servers: []string{"10.0.0.1", "nomad.example.com:4647", "[2001:db8::1]:4747"}, Region: "mars", Datacenter: "dc2",
		TLS:       TLS{CAFile: "ca.pem", CertFile: "cert.pem", KeyFile: "key.pem", ServerName: "nomad", MinVersion: 0x0304, CipherSuites: []uint16{0x1301}},
		Agents:    Agents{CertFile: "agent.pem", KeyFile: "agent-key.pem", ClientCAFile: "agents.pem"},
		AllowUIDs: []uint32{0, 991, 992}, AllowAnyLocalUser: true, AllowRemote: true,
		DNS: DNS{Names: []string{"a.example.com"}, Services: []string{"b.example.com"}, Resolvers: []string{"10.0.0.53"}, Port: 4700},
		Consul: Consul{
			Enabled: true, Address: "127.0.0.1:8501", TokenFile: "token", CAFile: "consul-ca.pem", CertFile: "consul.pem",
			KeyFile: "consul-key.pem", ServerName: "consul", Datacenter: "dc3", Service: "nomad-servers", Tag: "tcp",
		},
		StateFile: "state", DrainTimeout: 90 * time.Second, MaxConns: 77, Status: "127.0.0.1:4748", LogLevel: zerolog.WarnLevel, LogFormat: "text",
	}
	got := load(t, nil, "--config", "testdata/all.hcl")
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, s := range settings {
		if _, found := got.given[s.key]; !found {
			t.Errorf("%s is not in the file: add it, so that every setting is tried", s.key)
		}
	}
}

func TestDefaults(t *testing.T) {
	got := load(t, nil, "--servers", "10.0.0.1")
	want := defaults()
	want.Servers = []string{"10.0.0.1"}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAFlagCountsBeforeAVariableAndThatBeforeTheFile(t *testing.T) {
	for _, s := range settings {
		inFile := map[string]given{s.key: {file: "f", line: 3, name: s.key, values: []string{"1"}}}
		check := func(l *Loader, from string) {
			t.Helper()
			if g, found := l.given(&s, inFile); !found || g.name != from {
				t.Errorf("%s comes from %q, want %q", s.key, g.name, from)
			}
		}
		env := map[string]string{s.variable(): "1"}
		check(loader(t, env, "--"+s.flag+"=1"), "--"+s.flag)
		check(loader(t, nil, "--"+s.flag+"="), "--"+s.flag) // empty, and given
		check(loader(t, env), s.variable())
		check(loader(t, map[string]string{s.variable(): ""}), s.key)
		check(loader(t, nil), s.key)
		if _, found := loader(t, nil).given(&s, nil); found {
			t.Errorf("%s is given nowhere", s.key)
		}
	}
	path := written(t, "servers = [\"10.0.0.1\"]\nregion = \"file\"\nlog_level = \"debug\"\n")
	env := map[string]string{"RPCPROXY_CONFIG": path, "NOMAD_REGION": "env", "RPCPROXY_SERVERS": " 10.0.0.2 , 10.0.0.3"}
	c := load(t, env, "--region", "flag")
	if got := fmt.Sprint(c.Region, c.Servers, c.LogLevel); got != "flag[10.0.0.2 10.0.0.3] debug" {
		t.Error(got)
	}
	if c = load(t, env, "--servers", "10.0.0.4", "--servers", "10.0.0.5, 10.0.0.6"); fmt.Sprint(c.Servers) != "[10.0.0.4 10.0.0.5 10.0.0.6]" {
		t.Error(c.Servers)
	}
}

func TestKeysFlagsAndVariablesAreEachOne(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range settings {
		for _, name := range []string{s.key, "--" + s.flag, s.variable()} {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		if settingOf(s.key).key != s.key || s.usage == "" {
			t.Error(s.key)
		}
	}
}

// Each file in testdata that is wrong has its error beside it.
func TestErrorsSayWhereAndWhatToDo(t *testing.T) {
	files, err := filepath.Glob("testdata/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file == filepath.FromSlash("testdata/all.hcl") {
			continue
		}
		_, _, err := loader(t, nil, "--config", filepath.ToSlash(file)).Load(t.Context())
		if _, ok := errors.AsType[Errors](err); !ok {
			t.Errorf("%s: %v", file, err)
			continue
		}
		golden := strings.TrimSuffix(file, ".hcl") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, readErr := os.ReadFile(golden)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
			t.Errorf("%s (-want +got)\n%s", golden, diff)
		}
	}
}

func TestErrorsOfFlagsAndVariablesNameThem(t *testing.T) {
	env := map[string]string{"RPCPROXY_MAX_CONNS": "many", "NOMAD_CLIENT_KEY": "key.pem"}
	_, _, err := loader(t, env, "--drain-timeout", "soon", "--servers", "10.0.0.1,http://x", "--allow-uid", "991,4294967295").Load(t.Context())
	want := `4 settings are wrong:
	--servers has the bad address "http://x": ` + reasonFor(t, "http://x") + `: give host, host:port or [IPv6]:port
	--allow-uid has the user "4294967295", the number that means no user: give the name of a user, or the number of one
	--drain-timeout is "soon": give a duration such as 10s or 2m
	RPCPROXY_MAX_CONNS is "many": give a number`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
	delete(env, "RPCPROXY_MAX_CONNS")
	_, _, err = loader(t, env, "--servers", "10.0.0.1").Load(t.Context())
	want = `2 settings are wrong:
	tls.ca_file is missing: the other settings of TLS towards servers need it
	tls.cert_file is missing: tls.key_file is the key of one`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.hcl")
	_, _, err := loader(t, nil, "--config", path).Load(t.Context())
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), path+": cannot be read: ") {
		t.Error(err)
	}
	_, _, err = loader(t, nil, "--config", t.TempDir()).Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "it is a directory") {
		t.Error(err)
	}
	_, _, err = loader(t, nil, "--config", written(t, strings.Repeat("#", maxFile+1))).Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "are the most") {
		t.Error(err)
	}
}

func TestAVariableThatIsMisspelledIsWarnedOf(t *testing.T) {
	env := map[string]string{"RPCPROXY_SERVER": "10.0.0.1", "RPCPROXY_SERVICE_HOST": "10.0.0.1", "RPCPROXY_REGION": "mars"}
	_, warnings, err := loader(t, env, "--servers", "10.0.0.1").Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"the variable RPCPROXY_SERVER means nothing: did you mean RPCPROXY_SERVERS?"}; !cmp.Equal(want, warnings) {
		t.Errorf("%q", warnings)
	}
}

func TestAFileThatEverybodyCanWriteIsWarnedOf(t *testing.T) {
	path := written(t, `servers = ["10.0.0.1"]`)
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&2 == 0 {
		t.Skip("files have no such mode here")
	}
	_, warnings, err := loader(t, nil, "--config", path).Load(t.Context())
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "every user of this machine") {
		t.Errorf("%q, %v", warnings, err)
	}
}

func TestAFileIsReadAnew(t *testing.T) {
	path := written(t, "servers = [\"10.0.0.1\"]\nlog_level = \"warn\"\n")
	l := loader(t, nil, "--config", path, "--region", "mars")
	before, _, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("servers = [\"10.0.0.1\", \"10.0.0.2\"]\nmax_conns = 7\nregion = \"venus\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	now, _, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{Key: "servers", Before: "10.0.0.1", Now: "10.0.0.1,10.0.0.2", Live: true},
		{Key: "max_conns", Before: "512", Now: "7"},
		{Key: "log_level", Before: "warn", Now: "info", Live: true},
	}
	if diff := cmp.Diff(want, now.Changes(before)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if changes := now.Changes(now); len(changes) != 0 {
		t.Errorf("%+v", changes)
	}
}

func reasonFor(t *testing.T, addr string) string {
	t.Helper()
	g := given{values: []string{addr}}
	var servers listings
	_, reason, _ := strings.Cut(g.read(&servers).Reason, ": ")
	return reason
}

func FuzzFile(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.hcl")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, _, err := loader(t, nil, "--config", written(t, text)).Load(t.Context())
		if (c == nil) != (err != nil) {
			t.Errorf("%v, %v", c, err)
		}
		if err != nil && len(err.Error()) > 64<<10 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}
