package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPingOfALivingClusterShowsEveryServerInTheOrderGiven(t *testing.T) {
	c := startCluster(t)
	addrs := []string{c.Addrs()[2], c.Addrs()[0], c.Addrs()[1]}
	out, errs, status := program(t, "ping", ample, "--servers", strings.Join(addrs, ","), "--count", "4")
	expect(t, status, exitOK, out, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "SERVER") {
		t.Fatalf("want a head and a line per server:\n%s", out)
	}
	for i, addr := range addrs {
		if f := strings.Fields(lines[i+1]); len(f) != 6 || f[0] != addr || f[1] != "4/4" {
			t.Errorf("line %q, want %s with 4/4 and four times", lines[i+1], addr)
		}
	}
	for _, s := range c.Servers() {
		if n := s.Counts().Methods["Status.Ping"]; n != 5 {
			t.Errorf("%s had %d pings, want one to connect and four to measure", s.Addr(), n)
		}
	}
}

func TestPingPrintsAnObjectForPrograms(t *testing.T) {
	c := startCluster(t)
	c.Kill(1)
	out, errs, status := program(t, "ping", ample, "--json", "-n", "2", "--interval", "1ms", "--servers", strings.Join(c.Addrs()[:2], ","))
	expect(t, status, exitFailed, out, errs)
	var got struct {
		Servers []struct {
			Addr    string
			Sent    int
			Took    []float64 `json:"round_trips_ms"`
			Connect float64   `json:"connect_ms"`
			Error   string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Servers) != 2 {
		t.Fatalf("%v: %s", err, out)
	}
	alive, dead := got.Servers[0], got.Servers[1]
	if alive.Addr != c.Addrs()[0] || alive.Sent != 2 || len(alive.Took) != 2 || alive.Connect == 0 || alive.Error != "" ||
		dead.Took == nil || len(dead.Took) != 0 || !strings.Contains(dead.Error, "refused") {
		t.Errorf("%s", out)
	}
}

func TestPingExitsWithOneWhenAServerIsDeadAndStillShowsTheOthers(t *testing.T) {
	c := startCluster(t)
	c.Kill(1)
	out, errs, status := program(t, "ping", ample, "--servers", strings.Join(c.Addrs(), ","))
	expect(t, status, exitFailed, out, errs)
	lines := strings.Split(out, "\n")
	if !strings.Contains(lines[1], "3/3") || !strings.Contains(lines[3], "3/3") {
		t.Errorf("the living ones must be measured:\n%s", out)
	}
	if !strings.Contains(lines[2], "0/3") || !strings.Contains(lines[2], "connection refused") {
		t.Errorf("the dead one must be shown with the reason:\n%s", out)
	}
	if !strings.Contains(errs, "1 of 3 servers") {
		t.Errorf("standard error %q, want how many did not answer", errs)
	}
}

func TestPingLeavesAFrozenServerAfterItsTimeout(t *testing.T) {
	c := startCluster(t)
	c.Server(0).Freeze()
	out, errs, status := program(t, "ping", "--servers", c.Addrs()[0], "--timeout", "50ms")
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(out, "50ms") {
		t.Errorf("the line must name the limit:\n%s", out)
	}
}

// How far a ping gets in so short a time is random. Its error is not.
func TestPingNamesItsTimeoutInEveryPhase(t *testing.T) {
	c := startCluster(t)
	c.Server(0).Freeze()
	for _, timeout := range []string{"1ns", "1us", "20us", "50us", "100us", "200us", "400us", "1ms", "3ms"} {
		for range 20 {
			out, errs, status := program(t, "ping", "--servers", c.Addrs()[0], "--timeout", timeout)
			expect(t, status, exitFailed, out, errs)
			if !strings.Contains(out, "  no answer within "+strings.Replace(timeout, "u", "µ", 1)+"\n") {
				t.Fatalf("the line must name the limit of %s and nothing else:\n%s", timeout, out)
			}
		}
	}
}

func TestPingWithoutServersIsNoSuccess(t *testing.T) {
	out, errs, status := program(t, "ping", "--servers", "")
	expect(t, status, exitUsage, out, errs)
	if !strings.Contains(errs, "--servers is empty") {
		t.Errorf("standard error %q", errs)
	}
}

func TestPingNamesEveryBadAddressAndConnectsToNone(t *testing.T) {
	c := startCluster(t)
	out, errs, status := program(t, "ping", "--servers", c.Addrs()[0]+",http://x,10.0.0.1:0")
	expect(t, status, exitUsage, out, errs)
	for _, part := range []string{`"http://x": it has a scheme`, `"10.0.0.1:0": the port is zero`} {
		if !strings.Contains(errs, part) {
			t.Errorf("standard error %q, want %q in it", errs, part)
		}
	}
	if n := c.Server(0).Counts().Accepted; n != 0 || out != "" {
		t.Errorf("%d connections and %q were made for a bad command line", n, out)
	}
}

func TestPingWaitsAsLongAsItsTimeoutNotAsThatOfThePool(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	c.Server(0).Freeze()
	out, errs, status := program(t, "ping", "--servers", c.Addrs()[0], "--timeout", "2100ms")
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(out, "2.1s") {
		t.Errorf("the line must name the limit given:\n%s", out)
	}
}
