package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/agenthttp"
)

// startAgent starts the HTTP API of an agent that knows some servers.
func startAgent(t *testing.T, peers ...string) *agenthttp.Server {
	t.Helper()
	a, err := agenthttp.Start(agenthttp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	a.SetPeers(peers...)
	t.Cleanup(func() { _ = a.Stop(context.WithoutCancel(t.Context())) })
	return a
}

// connecting are the commands that connect to servers, each with what it needs.
var connecting = map[string][]string{
	"ping":  {"ping", ample, "-n", "1"},
	"call":  {"call", ample, "Echo.Echo"},
	"bench": {"bench", "--calls", "1", "--method", "Echo.Echo"},
	"doctor": {
		"doctor", ample, "--http-port", "0", "--slow", "1m", "--expires-within", "1m",
	},
	"watch": {"watch", ample, "--once"},
}

func TestTheServersOfTheAgentAtNomadsAddressAreTaken(t *testing.T) {
	c := startCluster(t)
	a := startAgent(t, c.Addrs()...)
	t.Setenv(addrVariable, a.URL())
	t.Setenv(tokenVariable, secret)
	for name, args := range connecting {
		out, errs, status := program(t, args...)
		expect(t, status, exitOK, out, errs)
		if n, token := a.Asked(); n != 1 || token != "" {
			t.Errorf("%s asked %d times, with the token %q", name, n, token)
		}
		a = startAgent(t, c.Addrs()...)
		t.Setenv(addrVariable, a.URL())
		out, errs, status = program(t, append([]string{"--servers", c.Addrs()[0]}, args...)...)
		if status == exitUsage { // flags stand behind the command
			out, errs, status = program(t, append(slices.Clone(args), "--servers", c.Addrs()[0])...)
		}
		expect(t, status, exitOK, out, errs)
		if n, _ := a.Asked(); n != 0 {
			t.Errorf("%s: the agent was asked although --servers was given", name)
		}
	}
}

func TestAnAgentThatDoesNotAnswerIsAFailureAndABadAddressBadUsage(t *testing.T) {
	a := startAgent(t)
	for addr, want := range map[string]int{a.URL(): exitFailed, "ftp://x": exitUsage} {
		t.Setenv(addrVariable, addr)
		for name, args := range connecting {
			out, errs, status := program(t, args...)
			expect(t, status, want, out, errs)
			if !strings.Contains(errs, "agent") || out != "" {
				t.Errorf("%s: %q, %q", name, out, errs)
			}
		}
	}
}

func TestNomadsVariablesCountAndFlagsBeforeThem(t *testing.T) {
	s, flags := secured(t)
	given := map[string]string{flags[0]: flags[1], flags[2]: flags[3], flags[4]: flags[5]}
	plain := startCluster(t)
	for name, args := range connecting {
		with := func(status int, says string, more ...string) {
			t.Helper()
			out, errs, got := program(t, slices.Concat(args, more)...)
			if got != status || !strings.Contains(out+errs, says) {
				t.Errorf("%s %q: status %d, want %d and %q:\n%s%s", name, more, got, status, says, out, errs)
			}
		}
		t.Run(name, func(t *testing.T) {
			for variable, flag := range map[string]string{caVariable: "--ca", certVariable: "--cert", keyVariable: "--key"} {
				t.Setenv(variable, given[flag])
			}
			t.Setenv(regionVariable, "mars")
			servers := []string{"--servers", s.Addr()}
			with(exitOK, "", servers...)
			refused := func(says string, more ...string) {
				t.Helper()
				if name != "call" && name != "bench" { // the others try on until their time is over
					with(exitFailed, says, append(servers, more...)...)
				}
			}
			refused("server.mars.nomad", "--region", "venus")
			refused("server.mars.nomad", "--tls-server-name", "x.test")
			with(exitUsage, "cannot be read", append(servers, "--key", filepath.Join("none", "there"))...)
			t.Setenv(serverNameVariable, "y.test")
			refused("y.test")
			with(exitOK, "", append(servers, "--tls-server-name", "localhost")...)
			t.Setenv(regionVariable, "")
			with(exitOK, "", "--ca=", "--servers", strings.Join(plain.Addrs(), ","))
			t.Setenv(caVariable, "")
			with(exitUsage, "--ca is missing", servers...)
		})
	}
}

func TestTheRegionOfCallsIsThatOfTheEnvironment(t *testing.T) {
	c := startCluster(t)
	t.Setenv(regionVariable, "venus")
	for want, args := range map[string][]string{`{"Region":"venus"}`: nil, `{"Region":"mars"}`: {"--region", "mars"}} {
		out, errs, status := call(t, c, append(args, "Echo.Echo")...)
		expect(t, status, exitOK, out, errs)
		if got := compact(t, out); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Who has the variables set for other commands can look for names all the same.
func TestVariablesAboutTLSDoNotDisturbWhatDoesNotConnect(t *testing.T) {
	t.Setenv(caVariable, "none.pem")
	out, errs, status := program(t, "discover", "dns", "127.0.0.1")
	if status == exitUsage && strings.Contains(errs, "--ca") {
		t.Errorf("%d, %q %q", status, out, errs)
	}
}

func TestHelpNamesTheVariables(t *testing.T) {
	for name := range connecting {
		out, _, _ := program(t, name, "--help")
		for _, variable := range []string{addrVariable, "[" + regionVariable + "]", "[" + caVariable + "]", "[" + certVariable + "]", "[" + keyVariable + "]", "[" + serverNameVariable + "]", "A flag counts before its variable"} {
			if !strings.Contains(out, variable) {
				t.Errorf("%s does not name %s", name, variable)
			}
		}
	}
}

func TestDiscoverNomadPrintsTheServersOfAnAgent(t *testing.T) {
	c := startCluster(t)
	a := startAgent(t, c.Addrs()...)
	out, errs, status := program(t, "discover", "nomad", "--address", a.Addr(), "--ping", ample)
	expect(t, status, exitOK, out, errs)
	for _, addr := range c.Addrs() {
		if strings.Count(out, addr) != 2 {
			t.Errorf("%s is not listed and measured:\n%s", addr, out)
		}
	}
	t.Setenv(addrVariable, a.URL())
	out, errs, status = program(t, "discover", "nomad", "--json")
	expect(t, status, exitOK, out, errs)
	if want := `{"addr":"` + c.Addrs()[0] + `","from":"` + a.URL() + `"}`; !strings.Contains(out, want) {
		t.Errorf("%s, want %s", out, want)
	}
	out, errs, status = program(t, "discover", "nomad", "--region", "mars")
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "No path to region") {
		t.Errorf("%q", errs)
	}
}

func TestTheArgumentsComeFromAFileOrStandardInputToo(t *testing.T) {
	c := startCluster(t)
	file := written(t, `{"AuthToken":"`+secret+`"}`)
	for _, args := range [][]string{{"--args", "@" + file}, {"--args-file", file}, {"--args", "-"}, {"--args", "@-"}, {"--args-file", "-"}} {
		stdin(t, file)
		out, errs, status := call(t, c, append(args, "Echo.Echo")...)
		expect(t, status, exitOK, out, errs)
		if got, want := compact(t, out), `{"AuthToken":"`+secret+`","Region":"global"}`; got != want || errs != "" {
			t.Errorf("%q: %s, want %s; %q", args, got, want, errs)
		}
	}
	out, errs, status := call(t, c, "--args", "@"+filepath.Join("none", "there"), "Echo.Echo")
	expect(t, status, exitUsage, out, errs)
	if !strings.Contains(errs, "--args: ") {
		t.Errorf("%q", errs)
	}
}

// stdin makes a file the standard input, until t ends.
func stdin(t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = f
	t.Cleanup(func() {
		os.Stdin = before
		_ = f.Close()
	})
}
