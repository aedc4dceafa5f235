package main

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// startDNS starts a name server that ends with t.
func startDNS(t *testing.T, records ...string) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := s.Set(records...); err != nil {
		t.Fatal(err)
	}
	return s
}

// fields is the lines of text, sorted, with single spaces.
func fields(text string) (lines []string) {
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	slices.Sort(lines)
	return lines
}

func TestDiscoverDNSPrintsEachServerWithItsName(t *testing.T) {
	s := startDNS(t, "a.test. 1 IN A 192.0.2.1", "a.test. 1 IN AAAA 2001:db8::1", "b.test. 1 IN A 192.0.2.2",
		"_rpc._tcp.test. 1 IN SRV 1 1 4700 b.test.", "svc.test. 1 IN SRV 1 1 4701 b.test.")
	out, errs, status := program(t, "discover", "dns", "a.test.", "b.test.:5000", "_rpc._tcp.test.", "--srv", "svc.test.",
		"--port", "4648", "--resolver", s.Addr(), ample)
	expect(t, status, exitOK, out, errs)
	want := []string{
		"192.0.2.1:4648 a.test.", "192.0.2.2:4700 _rpc._tcp.test. b.test.", "192.0.2.2:4701 svc.test. b.test.",
		"192.0.2.2:5000 b.test.:5000", "[2001:db8::1]:4648 a.test.",
	}
	if got := fields(out); !slices.Equal(got, want) || errs != "" {
		t.Errorf("printed %q and %q, want %q", got, errs, want)
	}
}

func TestDiscoverDNSReportsTheNamesThatLeadNowhereWithTheOthers(t *testing.T) {
	s := startDNS(t, "a.test. 1 IN A 192.0.2.1")
	out, errs, status := program(t, "discover", "dns", "gone.test.", "a.test.", "--resolver", s.Addr(), ample)
	expect(t, status, exitOK, out, errs)
	if got := fields(out); !slices.Equal(got, []string{"192.0.2.1:4647 a.test."}) {
		t.Errorf("printed %q", got)
	}
	if want := "rpcproxy: gone.test., A/AAAA at " + s.Addr() + ": no such name (NXDOMAIN)\n"; errs != want {
		t.Errorf("standard error %q, want %q", errs, want)
	}
}

func TestDiscoverDNSExitsWithOneWhenNothingIsFound(t *testing.T) {
	s := startDNS(t)
	out, errs, status := program(t, "discover", "dns", "gone.test.", "--resolver", s.Addr(), ample)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "no server found: gone.test.") || !strings.Contains(errs, "NXDOMAIN") || out != "" {
		t.Errorf("printed %q and %q", out, errs)
	}
}

// Two runs wait for the same silent name server; the later one has the shorter
// timeout.
func TestDiscoverDNSEndsWithItsTimeoutAndWithAnInterrupt(t *testing.T) {
	s := startDNS(t)
	s.Inject("slow.test.", dnstest.Silent)
	ask := []string{"discover", "dns", "slow.test.", "--resolver", s.Addr(), "--timeout"}
	ctx, interrupt := context.WithCancel(t.Context())
	var o, e strings.Builder
	patient := make(chan int, 1)
	go func() { patient <- run(ctx, demo.Full(), append(slices.Clone(ask), "1h"), &o, &e) }()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for len(s.Queries()) == 0 {
		select {
		case <-look.C:
		case status := <-patient:
			t.Fatalf("it exited with %d before it asked: %s", status, e.String())
		}
	}
	out, errs, status := program(t, append(slices.Clone(ask), "50ms")...)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "did not answer in time") {
		t.Errorf("%q", errs)
	}
	select {
	case status := <-patient:
		t.Fatalf("the one whose timeout is an hour exited with %d: %s", status, e.String())
	default:
	}
	interrupt()
	expect(t, <-patient, exitInterrupted, o.String(), e.String())
}

func TestDiscoverDNSPingsTheServersItFinds(t *testing.T) {
	c := startCluster(t)
	_, port, _ := net.SplitHostPort(c.Addrs()[0])
	s := startDNS(t, "a.test. 1 IN A 127.0.0.1")
	args := []string{"discover", "dns", "a.test.:" + port, "--resolver", s.Addr(), "--ping", ample}
	out, errs, status := program(t, args...)
	expect(t, status, exitOK, out, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[2], "SERVER") || !strings.HasPrefix(lines[3], c.Addrs()[0]) || !strings.Contains(lines[3], "3/3") {
		t.Errorf("want the server, and then the table of its pings:\n%s", out)
	}
	if n := c.Server(0).Counts().Methods["Status.Ping"]; n != 4 {
		t.Errorf("%d pings, want one to connect and three to measure", n)
	}
	c.Kill(0)
	out, errs, status = program(t, args...)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(out, "0/3") || !strings.Contains(out, "connection refused") || !strings.Contains(errs, "1 of 1 servers") {
		t.Errorf("printed %q and %q", out, errs)
	}
}

func TestDiscoverDNSPrintsOneObject(t *testing.T) {
	c := startCluster(t)
	_, port, _ := net.SplitHostPort(c.Addrs()[0])
	s := startDNS(t, "a.test. 1 IN A 127.0.0.1", "_rpc._tcp.test. 1 IN SRV 1 1 "+port+" a.test.")
	var got struct {
		Servers []struct {
			Addr, From, Via string
			Ping            *struct {
				Answered, Sent int
				ConnectMS      float64 `json:"connect_ms"`
				Error          string
			}
		}
		Failed []struct{ From, Error string }
	}
	for _, ping := range []bool{false, true} {
		args := []string{"discover", "dns", "_rpc._tcp.test.", "gone.test.", "--resolver", s.Addr(), "--json", ample}
		if ping {
			args = append(args, "--ping")
		}
		out, errs, status := program(t, args...)
		expect(t, status, exitOK, out, errs)
		got.Servers, got.Failed = nil, nil
		if err := json.Unmarshal([]byte(out), &got); err != nil || strings.Count(out, "\n") != 1 || errs != "" {
			t.Fatalf("%v: %q, %q", err, out, errs)
		}
		if len(got.Servers) != 1 || got.Servers[0].Addr != c.Addrs()[0] || got.Servers[0].From != "_rpc._tcp.test." || got.Servers[0].Via != "a.test." {
			t.Errorf("%+v", got)
		}
		if p := got.Servers[0].Ping; ping != (p != nil) || ping && (p.Answered != 3 || p.Sent != 3 || p.ConnectMS <= 0 || p.Error != "") {
			t.Errorf("%+v", p)
		}
		if len(got.Failed) != 1 || got.Failed[0].From != "gone.test." || !strings.Contains(got.Failed[0].Error, "NXDOMAIN") {
			t.Errorf("%+v", got.Failed)
		}
	}
	out, errs, status := program(t, "discover", "dns", "gone.test.", "--resolver", s.Addr(), "--json", ample)
	expect(t, status, exitFailed, out, errs)
	if !strings.HasPrefix(out, `{"servers":[],"failed":[{"from":"gone.test.",`) {
		t.Errorf("printed %q", out)
	}
}

func TestDiscoverDNSLeavesOutAddressesThatNoServerHas(t *testing.T) {
	s := startDNS(t, "a.test. 1 IN A 192.0.2.1", "a.test. 1 IN A 0.0.0.0", "b.test. 1 IN AAAA ff02::1")
	out, errs, status := program(t, "discover", "dns", "a.test.", "b.test.", "--resolver", " "+s.Addr(), ample)
	expect(t, status, exitOK, out, errs)
	if got := fields(out); !slices.Equal(got, []string{"192.0.2.1:4647 a.test."}) || !strings.Contains(errs, "b.test.") {
		t.Errorf("printed %q and %q", got, errs)
	}
}
