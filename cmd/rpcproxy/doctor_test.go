package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/doctor"
)

// patience keeps a busy machine from being a finding.
var patience = []string{"doctor", ample, "--http-port", "0", "--slow", "1m"}

func TestTheDoctorFindsNothingInAHealthyCluster(t *testing.T) {
	c := startCluster(t)
	out, errs, status := program(t, slices.Concat(patience, []string{"--servers", strings.Join(c.Addrs(), ",")})...)
	expect(t, status, exitOK, out, errs)
	if strings.Contains(out, "FAIL") || strings.Count(out, "\n") != 3 || errs != "" {
		t.Errorf("%s%s", out, errs)
	}
}

func TestTheDoctorSaysWhatIsWrongAndExitsWithOne(t *testing.T) {
	c := startCluster(t)
	c.Kill(1)
	args := slices.Concat(patience, []string{"--servers", strings.Join(c.Addrs(), ",")})
	out, errs, status := program(t, args...)
	expect(t, status, exitFailed, out, errs)
	if want := c.Addrs()[1] + "  dns ok  tcp FAIL connection refused: nothing listens there -> start the server"; !strings.Contains(out, want) || !strings.Contains(errs, "1 findings") {
		t.Errorf("%s%s, want %q", out, errs, want)
	}
	out, errs, status = program(t, append(args, "--json")...)
	expect(t, status, exitFailed, out, errs)
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.OK || len(r.Servers) != 3 || r.Servers[1].Findings[0].Layer != "tcp" {
		t.Errorf("%v: %s", err, out)
	}
}
