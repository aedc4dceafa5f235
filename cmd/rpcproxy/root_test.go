package main

import (
	"strings"
	"testing"
)

func TestBadUsageExitsWithTwoAndPrintsTheReason(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"no-such-command", "no-such-command"},
		{"help no-such-command", "no-such-command"},
		{"ping", "servers"},
		{"ping --servers 10.0.0.1 --no-such-flag", "no-such-flag"},
		{"ping --servers 10.0.0.1 --count 0", "--count is 0"},
		{"ping --servers 10.0.0.1 --timeout -1s", "--timeout is -1s"},
		{"ping --servers 10.0.0.1 superfluous", "superfluous"},
		{"ping --servers 10.0.0.1 --interval 1us", "--interval is 1µs"},
		{"watch", "give --servers, or the variable NOMAD_ADDR"},
		{"watch --servers http://x", `"http://x"`},
		{"watch --servers 10.0.0.1 --interval 99ms", "--interval is 99ms: give 100ms or more"},
		{"watch --servers 10.0.0.1 --timeout 0s", "--timeout is 0s"},
		{"watch --servers 10.0.0.1 --cert x", "--ca is missing"},
		{"watch --servers 10.0.0.1 --agent x", "agent servers"},
		{"watch --agent=", "--agent is empty"},
		{"watch --agent ftp://x", "give http://host:port, https://host:port or unix:PATH"},
		{"watch --agent unix:", "there is no path behind unix:"},
		{"watch --agent x --interval 1s", "agent interval"},
		{"doctor", "give --servers, or the variable NOMAD_ADDR"},
		{"doctor --servers http://x", `"http://x"`},
		{"doctor --servers 10.0.0.1 --timeout 0s", "--timeout is 0s"},
		{"doctor --servers 10.0.0.1 --slow 0s", "--slow is 0s"},
		{"doctor --servers 10.0.0.1 --http-port 65536", "--http-port is 65536"},
		{"doctor --servers 10.0.0.1 --cert x", "--ca is missing"},
		{"discover nomad --address ftp://x", "neither http nor https"},
		{"discover nomad --timeout 0s", "--timeout is 0s"},
		{"discover nomad --ping --cert x", "--ca is missing"},
		{"call Status.Ping --servers 10.0.0.1 --args @", "--args is @ with no name"},
		{"call --servers 10.0.0.1", "arg"},
		{"call Status.Ping", "servers"},
		{"call Status.Ping --servers 10.0.0.1 --timeout 0s", "--timeout is 0s"},
		{"demo --servers 2", "--servers is 2"},
		{"demo --callers 0", "--callers is 0"},
		{"discover", "discover dns"},
		{"discover no-such-way", "no-such-way"},
		{"discover dns", "no name"},
		{"discover dns a.test --timeout 0s", "--timeout is 0s"},
		{"discover dns a.test --port 65536", "is 65536"},
		{"discover dns http://a.test", `"http://a.test"`},
		{"discover dns a.test --resolver 10.0.0.1:x", `"10.0.0.1:x"`},
		{"discover dns a.test --cert x", "need --ping"},
		{"discover dns a.test --ping --cert x", "--ca is missing"},
		{"bench", "servers"},
		{"bench --servers http://x", `"http://x"`},
		{"bench --servers 10.0.0.1 --method=", "--method is empty"},
		{"bench --servers 10.0.0.1 --callers 0", "--callers is 0"},
		{"bench --servers 10.0.0.1 --callers 1001", "--callers is 1001"},
		{"bench --servers 10.0.0.1 --duration 0s", "--duration is 0s"},
		{"bench --servers 10.0.0.1 --calls 0", "--calls is 0"},
		{"bench --servers 10.0.0.1 --calls 1 --duration 1s", "calls duration"},
		{"bench --servers 10.0.0.1 --cert x", "--ca is missing"},
		{"bench --servers 10.0.0.1 superfluous", "superfluous"},
		{"simulate", "--list"},
		{"simulate kill superfluous", "2"},
		{"simulate kil", `no scenario is named "kil": write kill, or give the path of a file`},
		{"simulate no/such.fleet", `"no/such.fleet" cannot be read`},
		{"simulate . ", "directory"},
		{"simulate --list --show kill", "list show"},
		{"simulate --list kill", "--list and --show run nothing"},
		{"simulate --show kil", "write kill"},
		{"simulate --show=", "--show"},
		{"simulate kill --policy=", "--policy is empty"},
		{"simulate kill --policy shufle", `"shufle" is not a policy`},
		{"simulate kill --clients 0", "--clients is 0"},
		{"simulate kill --clients 1000001", "--clients is 1000001"},
		{"simulate kill --servers 65", "--servers is 65"},
		{"simulate kill --for 1ms", "--for is 1ms"},
		{"simulate kill --for 100h", "100h"},
		{"simulate kill --seed x", "seed"},
		{"simulate kill --plot x.png", `--plot is "x.png": give a file that ends in .svg or .html`},
		{"simulate kill --plot no-such/x.svg", `there is no directory "no-such/"`},
	} {
		out, errs, status := program(t, strings.Fields(c.args)...)
		expect(t, status, exitUsage, out, errs)
		if !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("%s: out %q, err %q, want the reason %q on the latter", c.args, out, errs, c.says)
		}
	}
}

func TestEveryCommandExplainsItselfWithExamples(t *testing.T) {
	for _, name := range []string{"demo", "ping", "watch", "call", "discover dns", "discover consul", "discover nomad", "doctor", "bench", "simulate", "sidecar"} {
		for _, ask := range []string{name + " --help", "help " + name} {
			out, errs, status := program(t, strings.Fields(ask)...)
			expect(t, status, exitOK, out, errs)
			for _, part := range []string{"Exit status", "Examples:", "rpcproxy " + name, "--help"} {
				if !strings.Contains(out, part) {
					t.Errorf("%s has no %q:\n%s", ask, part, out)
				}
			}
		}
	}
}
