//go:build browser

package browser_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestThePageOfTheDemo opens the page while the program's demo runs, whose servers die and freeze.
func TestThePageOfTheDemo(t *testing.T) {
	url := startDemo(t)
	p := open(t, start(t), url, desk)
	do(t, p, `window.mark = "not loaded again"`)
	const failovers = `[...document.querySelectorAll("#moves li")].filter(move => /connection lost|silent|unreachable/.test(move.innerText)).length`
	await(t, p, "it lists a failover", failovers+" > 0")
	if mark := eval[string](t, p, "window.mark"); mark != "not loaded again" {
		t.Errorf("the page was loaded again: %q", mark)
	}
}

// startDemo runs the demo until the test ends, and returns where it is shown.
func startDemo(t *testing.T) (url string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "rpcproxy")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", program, "./cmd/rpcproxy").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	demo := exec.Command(program, "demo", "--status", "127.0.0.1:0", "--hold")
	told, err := demo.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	lines, rest := bufio.NewScanner(told), make(chan struct{})
	t.Cleanup(func() {
		if err := demo.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		<-rest
		_ = demo.Wait() // it was interrupted
	})
	lines.Scan()
	go func() {
		defer close(rest)
		for lines.Scan() {
			t.Log(lines.Text())
		}
	}()
	_, url, found := strings.Cut(lines.Text(), " at ")
	if !found {
		t.Fatalf("the demo says %q, %v", lines.Text(), lines.Err())
	}
	return strings.TrimSpace(url)
}
