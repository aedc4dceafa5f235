package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// asOther is the variable that makes this test's executable a process of user 65534 that
// connects to an address and waits until that is closed.
const asOther = "TEST_AS_OTHER"

const other = 65534

func init() {
	addr := os.Getenv(asOther)
	if addr == "" {
		return
	}
	err := syscall.Setgroups(nil)
	if err == nil {
		err = syscall.Setgid(other)
	}
	if err == nil {
		err = syscall.Setuid(other)
	}
	if err == nil {
		var conn net.Conn
		if conn, err = net.DialTimeout("tcp", addr, limit); err == nil {
			_, _ = io.Copy(io.Discard, conn) // a reset is an end, too
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// knocks connects as another user, and returns when that connection was closed.
func knocks(t *testing.T, addr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), asOther+"="+addr)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestASidecarRefusesOtherUsersAndLogsEachOnce(t *testing.T) {
	testutil.NeedRoot(t, "becomes another user")
	c := startCluster(t)
	p := startProcess(t, nil, nil, "sidecar", "--listen", "127.0.0.1:0", "--servers", strings.Join(c.Addrs(), ","), "--allow-uid", "65533")
	addr, _ := p.says("sidecar serves agents")["address"].(string)
	for range 3 {
		knocks(t, addr)
	}
	line := p.says("refused")
	if text := fmt.Sprint(line["error"]); !strings.Contains(text, `uid 65534 ("nobody") may not connect`) {
		t.Error(text)
	}
	if leader := leaderThrough(t, addr); leader != c.Leader() {
		t.Errorf("through the sidecar %s leads, want %s", leader, c.Leader())
	}
	p.signal(syscall.SIGTERM)
	p.ends()
	if n := strings.Count(strings.Join(p.seen, "\n"), "uid 65534"); n != 1 {
		t.Errorf("it was logged %d times:\n%s", n, strings.Join(p.seen, "\n"))
	}
}
