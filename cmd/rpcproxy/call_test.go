package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// call runs the command call against the servers of c.
func call(t *testing.T, c *testutil.Cluster, args ...string) (out, errs string, status int) {
	t.Helper()
	return program(t, slices.Concat([]string{"call", ample, "--servers", strings.Join(c.Addrs(), ",")}, args)...)
}

func TestCallPrintsAStringAsJSON(t *testing.T) {
	c := startCluster(t)
	out, errs, status := call(t, c, "Status.Leader")
	expect(t, status, exitOK, out, errs)
	if want := `"` + c.Leader() + "\"\n"; out != want {
		t.Errorf("Status.Leader: %q, want %q", out, want)
	}
}

func TestCallPrintsAListAsJSON(t *testing.T) {
	c := startCluster(t)
	out, errs, status := call(t, c, "Status.Peers")
	expect(t, status, exitOK, out, errs)
	var peers []string
	if err := json.Unmarshal([]byte(out), &peers); err != nil || !slices.Equal(peers, c.Addrs()) {
		t.Errorf("Status.Peers: %q (%v), want %q", out, err, c.Addrs())
	}
}

func TestCallFillsInTheRegionUnlessItIsGiven(t *testing.T) {
	c := startCluster(t)
	for _, k := range []struct {
		args []string
		want string
	}{
		{nil, `{"Region":"global"}`},
		{[]string{"--region", "mars"}, `{"Region":"mars"}`},
		{[]string{"--region", "mars", "--args", `{"Region":"venus"}`}, `{"Region":"venus"}`},
	} {
		out, errs, status := call(t, c, append(k.args, "Echo.Echo")...)
		expect(t, status, exitOK, out, errs)
		if got := compact(t, out); got != k.want {
			t.Errorf("%q: the server got %s, want %s", k.args, got, k.want)
		}
	}
}

func TestCallKeepsIntegersThatAFloatWouldRound(t *testing.T) {
	c := startCluster(t)
	given := `{"A":9007199254740993,"B":-1,"C":18446744073709551615,"D":1.5,"E":[{"F":9007199254740993}],"Region":"global"}`
	out, errs, status := call(t, c, "Echo.Echo", "--args", given)
	expect(t, status, exitOK, out, errs)
	if got := compact(t, out); got != given {
		t.Errorf("the server got %s, want %s", got, given)
	}
}

func TestCallPrintsBytesThatAreNoTextInBase64(t *testing.T) {
	c := startCluster(t)
	for _, s := range c.Servers() { // 0xc4 is bin8: two bytes that are not UTF-8
		s.Handle("Raw.Bytes", answer(testutil.Raw{0x82, 0xa1, 'A', 0xc4, 2, 0xff, 0xfe, 0xa1, 'B', 0xc4, 2, 'o', 'k'}))
	}
	out, errs, status := call(t, c, "Raw.Bytes")
	expect(t, status, exitOK, out, errs)
	if got, want := compact(t, out), `{"A":"//4=","B":"ok"}`; got != want {
		t.Errorf("printed %s, want %s", got, want)
	}
}

func TestCallReportsAnUnknownMethod(t *testing.T) {
	out, errs, status := call(t, startCluster(t), "Status.NoSuch")
	expect(t, status, exitFailed, out, errs)
	if out != "" || !strings.Contains(errs, "can't find method Status.NoSuch") || !strings.Contains(errs, "rejected") {
		t.Errorf("out %q, err %q, want the text of the server and the outcome", out, errs)
	}
}

func TestCallReportsADenial(t *testing.T) {
	out, errs, status := call(t, startCluster(t), "Node.UpdateStatus", "--args", `{"NodeID":"x","Status":"ready"}`, "--token-file", written(t, "wrong"))
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "Permission denied") || !strings.Contains(errs, "rejected") {
		t.Errorf("err %q, want the denial and the outcome", errs)
	}
}

func TestCallRefusesArgumentsThatAreNoJSONObject(t *testing.T) {
	c := startCluster(t)
	for _, bad := range []string{"", "{", "{x}", "[]", "7", "null", "{} {}", `{"A":1e999}`} {
		out, errs, status := call(t, c, "Echo.Echo", "--args", bad)
		expect(t, status, exitUsage, out, errs)
		if !strings.Contains(errs, "--args") {
			t.Errorf("%q: err %q, want it to name --args", bad, errs)
		}
	}
	for _, s := range c.Servers() {
		if n := s.Counts().Accepted; n != 0 {
			t.Errorf("%d connections were made for bad arguments", n)
		}
	}
}

func TestCallGoesToTheNextServerWhenOneIsDead(t *testing.T) {
	c := startCluster(t)
	c.Kill(0)
	out, errs, status := call(t, c, "Echo.Echo")
	expect(t, status, exitOK, out, errs)
}

func TestCallSendsAWriteOnceUnlessItIsIdempotent(t *testing.T) {
	for _, k := range []struct {
		method string
		flags  []string
		status int
	}{
		{"Echo.Count", nil, exitFailed},
		{"Node.Register", nil, exitFailed}, // the table of methods has it as idempotent, the flag is not set
		{"Echo.Count", []string{"--idempotent"}, exitOK},
		{"Status.Peers", nil, exitOK},
	} {
		c := startCluster(t)
		for _, s := range c.Servers() {
			s.Inject(testutil.DropAfterRead().Times(1))
		}
		// Three servers drop it once each; the fourth attempt is answered.
		out, errs, status := call(t, c, append(k.flags, k.method)...)
		expect(t, status, k.status, out, errs)
		var sent int64
		for _, s := range c.Servers() {
			sent += s.Counts().Methods[k.method]
		}
		if once := sent == 1; once != (status == exitFailed) {
			t.Errorf("%s %q was sent %d times", k.method, k.flags, sent)
		}
		if status == exitFailed && !strings.Contains(errs, "maybe executed") {
			t.Errorf("%s: err %q, want the outcome", k.method, errs)
		}
	}
}

func TestCallExplainsWhichServerWasAskedAndWhy(t *testing.T) {
	c := startCluster(t)
	dead := c.Addrs()[0]
	c.Kill(0)
	var errs string
	// The order is random: sooner or later the dead server is in front.
	for range 100 {
		out, text, status := call(t, c, "Status.Ping", "--explain")
		expect(t, status, exitOK, out, text)
		if errs = text; strings.Contains(errs, "failure of "+dead) {
			break
		}
	}
	for _, want := range []string{"active: ", "from configuration", "failure of " + dead, "failing over server=" + dead} {
		if !strings.Contains(errs, want) {
			t.Errorf("standard error lacks %q:\n%s", want, errs)
		}
	}
}

// What is explained is the state after the answer.
func TestCallExplainsThatTheServerWhichAnsweredIsAlive(t *testing.T) {
	c := startCluster(t)
	for range 20 {
		out, errs, status := program(t, "call", ample, "Status.Ping", "--explain", "--servers", c.Addrs()[0])
		expect(t, status, exitOK, out, errs)
		if want := c.Addrs()[0] + " "; !strings.Contains(errs, want) || !strings.Contains(errs, ", alive, from configuration") {
			t.Fatalf("it is not said to be alive:\n%s", errs)
		}
	}
}

func TestAListOfServersMayHaveBlanksAfterItsCommas(t *testing.T) {
	c := startCluster(t)
	for _, between := range []string{", ", " ,\t", ",  "} {
		out, errs, status := program(t, "call", "Status.Leader", ample, "--servers", " "+strings.Join(c.Addrs(), between)+" ")
		expect(t, status, exitOK, out, errs)
	}
}
