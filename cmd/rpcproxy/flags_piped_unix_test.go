//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// pipe is the name of a pipe into which text was written, as the shell gives it for
// "<(command)".
func pipe(t *testing.T, text string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/dev/fd/%d", r.Fd())
}

func TestATokenMayComeOutOfAPipe(t *testing.T) {
	c := startConsul(t, consultest.Config{Token: "known"})
	c.SetServices("dc1", consultest.Service{Address: "10.0.0.1", Port: 4647})
	args := []string{"discover", "consul", "--address", c.Addr(), ample, "--token-file"}
	out, errs, status := program(t, append(args, pipe(t, "known\n"))...)
	expect(t, status, exitOK, out, errs)
	if out != "10.0.0.1:4647\n" {
		t.Errorf("printed %q", out)
	}
	for path, says := range map[string]string{
		pipe(t, ""):                            "is an empty pipe: did its command fail?",
		"/dev/zero":                            `TokenFile is "/dev/zero", which cannot be read: it is a device`,
		pipe(t, "a\nb"):                        "holds a character that no token has",
		filepath.Join(t.TempDir(), "a\x1b[2J"): `a\x1b[2J`,
		"/dev/fd/" + fmt.Sprint(1<<20) + "/not-opened": "cannot be read",
	} {
		out, errs, status := program(t, append(args, path)...)
		expect(t, status, exitUsage, out, errs)
		if !strings.Contains(errs, says) || strings.ContainsRune(errs, '\x1b') {
			t.Errorf("%s: %q, want %q", path, errs, says)
		}
	}
}

func TestFilesForTLSMayComeOutOfPipes(t *testing.T) {
	s, flags := secured(t)
	for _, command := range [][]string{{"ping"}, {"call", "Echo.Echo", "--region", "mars"}} {
		args := append(command, ample, "--servers", s.Addr(), "--tls-server-name", "server.mars.nomad")
		for i := 0; i < len(flags); i += 2 {
			text, err := os.ReadFile(flags[i+1])
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, flags[i], pipe(t, string(text)))
		}
		out, errs, status := program(t, args...)
		expect(t, status, exitOK, out, errs)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile(flags[1])
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		w, err := os.OpenFile(fifo, os.O_WRONLY, 0) // when the program reads it
		if err == nil {
			_, _ = w.Write(text)
			_ = w.Close()
		}
	}()
	args := append([]string{"ping", ample, "--servers", s.Addr(), "--tls-server-name", "server.mars.nomad"}, flags...)
	args[len(args)-5] = fifo // --ca
	out, errs, status := program(t, args...)
	expect(t, status, exitOK, out, errs)
}
