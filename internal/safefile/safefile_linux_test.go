package safefile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/safefile"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAFileThatTheKernelMakesIsNotRead(t *testing.T) {
	dir := t.TempDir()
	for path, name := range map[string]string{
		"/proc/self/status":  "proc",
		"/proc/self/environ": "proc",
		"/proc/kmsg":         "proc", // to read it waits
		link(t, "/proc/self/maps", filepath.Join(dir, "maps")): "proc",
		"/sys/kernel/profiling":                                "sysfs",
	} {
		_, err := safefile.Read(t.Context(), path, rules)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			continue // not on this machine
		}
		refused(t, err, path, "it is a file that the kernel makes ("+name+"): give a file on a disk")
	}
}

// A lease makes whoever opens the file wait until its holder gives it back.
func TestALeaseOnAFileHoldsNobodyUp(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "file"), "x")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, _, no := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), 1024, syscall.F_WRLCK); no != 0 { // F_SETLEASE
		t.Skip(no)
	}
	_, err = safefile.Read(t.Context(), path, rules)
	refused(t, err, path, "resource temporarily unavailable")
}

// silent mounts a file system that answers nothing until the test ends.
func silent(t *testing.T) (dir string, end func()) {
	t.Helper()
	dir = t.TempDir()
	end, err := testutil.MountSilent(dir)
	if err != nil {
		testutil.Unable(t, err)
	}
	t.Cleanup(end)
	return dir, end
}

func TestAFileSystemThatDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	dir, end := silent(t)
	path := filepath.Join(dir, "file")
	begun := time.Now()
	_, err := safefile.Read(t.Context(), path, rules)
	refused(t, err, path, "no answer within 5s: look at what is mounted there")
	if took := time.Since(begun); took < 5*time.Second {
		t.Errorf("it took %v", took)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	mine := errors.New("mine")
	for range 15 {
		go func() { stop(mine) }()
		_, err := safefile.Read(ctx, path, rules)
		refused(t, err, path, "mine")
		if !errors.Is(err, mine) {
			t.Error(err)
		}
		ctx, stop = context.WithCancelCause(t.Context())
	}
	end()
	testutil.AwaitNone(t)
	if _, err := safefile.Read(t.Context(), put(t, filepath.Join(t.TempDir(), "file"), "x"), rules); err != nil {
		t.Error(err)
	}
	stop(nil)
}

func TestNoMoreGoroutinesThanAFewAreLeftToSilentFileSystems(t *testing.T) {
	dir, end := silent(t)
	path := filepath.Join(dir, "file")
	other := put(t, filepath.Join(t.TempDir(), "file"), "x")
	for n := 0; ; n++ {
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := safefile.Read(ctx, path, rules)
		stop()
		if err != nil && strings.Contains(err.Error(), "16 files are still being read whose file systems do not answer") {
			if n < 16 { // more: some ended before they began
				t.Errorf("after %d", n)
			}
			break
		}
		if n > 500 {
			t.Fatalf("still read after %d: %v", n, err)
		}
	}
	_, err := safefile.Read(t.Context(), other, rules)
	refused(t, err, other, "look at what is mounted")
	end()
	testutil.AwaitNone(t)
	if _, err := safefile.Read(t.Context(), other, rules); err != nil {
		t.Error(err)
	}
}

func TestAFullOrReadOnlyDiskKeepsTheOldFile(t *testing.T) {
	testutil.NeedRoot(t, "mounts a small disk")
	dir := t.TempDir()
	if err := syscall.Mount("rpcproxy-test", dir, "tmpfs", 0, "size=16k"); err != nil {
		testutil.Unable(t, err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	path := filepath.Join(dir, "file")
	if err := safefile.Replace(path, []byte("old"), limit, none); err != nil {
		t.Fatal(err)
	}
	err := safefile.Replace(path, make([]byte, 64<<10), limit, none)
	refused(t, err, path, "no space left on device")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	holds(t, path, "old")
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		testutil.Unable(t, err)
	}
	refused(t, safefile.Replace(path, []byte("new"), limit, none), path, "read-only file system")
	holds(t, path, "old")
}
