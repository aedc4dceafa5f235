package main

import (
	"strings"
	"testing"
)

func TestShellsCompleteMethodsAndFiles(t *testing.T) {
	const files, none = ":0", ":4"
	for line, want := range map[string][]string{
		"call Status.L":             {"Status.Leader", none},
		"call Status.P":             {"Status.Peers", "Status.Ping", none},
		"call Status.Ping ":         {none},
		"bench --method Node.L":     {"Node.List", none},
		"ping ":                     {none},
		"ping --servers ":           {none},
		"ping --ca ":                {files},
		"watch --servers ":          {none},
		"watch --ca ":               {files},
		"doctor --key ":             {files},
		"call X.Y --token-file ":    {files},
		"call X.Y --args-file ":     {files},
		"sidecar --config ":         {files},
		"sidecar --agent-cert ":     {files},
		"discover consul --cert ":   {files},
		"discover dns --resolver ":  {none},
		"discover nomad --address ": {none},
	} {
		out, errs, status := program(t, append([]string{"__complete"}, strings.Split(line, " ")...)...)
		expect(t, status, exitOK, out, errs)
		if got := strings.Split(strings.TrimSpace(out), "\n"); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestTheVersionIsPrinted(t *testing.T) {
	out, errs, status := program(t, "--version")
	expect(t, status, exitOK, out, errs)
	if !strings.HasPrefix(out, "rpcproxy version ") || !strings.Contains(out, "go1.") {
		t.Errorf("%q", out)
	}
	same, errs, status := program(t, "version")
	expect(t, status, exitOK, same, errs)
	if same != out {
		t.Errorf("%q, and %q", same, out)
	}
}
