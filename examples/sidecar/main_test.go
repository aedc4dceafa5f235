//go:build unix

package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/stockagent"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const docs = "../../docs/sidecar"

// placed copies the units and the configuration of docs to a directory, with the paths of this test in place of
// those of a machine.
func placed(t *testing.T, program, listen string, servers []string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	put := strings.NewReplacer(
		"/usr/local/bin/rpcproxy", program, "/etc/rpcproxy", dir, "/var/lib/rpcproxy", dir,
		"127.0.0.1:4746", listen, "RestartSec=1", "RestartSec=0",
		`["10.0.0.1", "10.0.0.2", "10.0.0.3:4647"]`, `["`+strings.Join(servers, `", "`)+`"]`,
	)
	for _, name := range []string{"rpcproxy.socket", "rpcproxy.service", "sidecar.hcl"} {
		text, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(put.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// built builds the program.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "rpcproxy")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/rpcproxy").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return program
}

// says waits for a line that begins so, and returns the rest of it.
func says(t *testing.T, lines <-chan string, begin string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		select {
		case line, ok := <-lines:
			if rest, found := strings.CutPrefix(line, begin); found {
				return strings.TrimSpace(rest)
			} else if !ok {
				t.Fatalf("it has ended without %q", begin)
			}
		case <-ctx.Done():
			t.Fatalf("it does not say %q", begin)
		}
	}
}

func TestTheUnitsStartASidecarThatOutlivesItsProcess(t *testing.T) {
	testutil.VerifyNone(t)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(context.Background())
	dir := placed(t, built(t), "127.0.0.1:0", cluster.Addrs())
	s, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	in, out := io.Pipe()
	lines, ended, reload := make(chan string, 64), make(chan error, 1), make(chan os.Signal)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	go func() { ended <- s.run(ctx, reload, out); out.Close() }()
	defer func() {
		interrupt()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for range lines {
		}
	}()
	addr := says(t, lines, "listening ")
	pid := says(t, lines, "started ")
	says(t, lines, `told "READY=1"`)

	// An unmodified agent, which has the sidecar as its only server.
	agent, err := stockagent.Start(stockagent.Config{Servers: []string{addr}, RPCHoldTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Stop(context.Background())
	limit, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var leader string
	if err := agent.Call(limit, "Status.Leader", map[string]any{"Region": "global"}, &leader); err != nil || leader != cluster.Leader() {
		t.Fatalf("%q, %v", leader, err)
	}

	// The program is killed. The socket stays, the program is started again, and the agent goes on.
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if says(t, lines, "ended "); says(t, lines, "started ") == pid {
		t.Error("it is the same process")
	}
	for err = agent.Call(limit, "Status.Leader", map[string]any{"Region": "global"}, &leader); err != nil && limit.Err() == nil; {
		// It was called on the connection that is gone. The agent makes another one.
		err = agent.Call(limit, "Status.Leader", map[string]any{"Region": "global"}, &leader)
	}
	if err != nil {
		t.Fatal(err)
	}

	// A good configuration is taken; one with an error fails the reload, and the sidecar goes on.
	says(t, lines, `told "READY=1"`)
	reload <- syscall.SIGHUP
	if said := says(t, lines, "reloaded "); said != "<nil>" {
		t.Error(said)
	}
	if err := os.WriteFile(filepath.Join(dir, "sidecar.hcl"), []byte("sorvers = []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	reload <- syscall.SIGHUP
	if said := says(t, lines, "reloaded "); !strings.Contains(said, "did you mean servers?") {
		t.Error(said)
	}
	if err := agent.Call(limit, "Status.Leader", map[string]any{"Region": "global"}, &leader); err != nil {
		t.Error(err)
	}
}

// systemd reads units without being the first process.
func TestSystemdTakesTheUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		testutil.Unable(t, err)
	}
	dir := placed(t, "/bin/true", "127.0.0.1:4746", []string{"10.0.0.1"})
	verify := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", filepath.Join(dir, "rpcproxy.service"), filepath.Join(dir, "rpcproxy.socket"))
	if said, err := verify.CombinedOutput(); err != nil || strings.Contains(string(said), dir) {
		t.Errorf("%v: %s", err, said)
	}
}

func TestAUnitThatSaysTooLittleIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"[Service]\nRestartSec=1\nTimeoutStopSec=3\n":                       "one ListenStream and one ExecStart",
		"[Service]\nRestartSec=soon\nTimeoutStopSec=3\nExecStart=/bin/true": "RestartSec",
		"[Service]\nExecStart\n":                                            `rpcproxy.service:2: "ExecStart" is neither`,
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"rpcproxy.service": text, "rpcproxy.socket": "[Socket]\n# none\nListenStream=127.0.0.1:0\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
