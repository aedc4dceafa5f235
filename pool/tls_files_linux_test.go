package pool_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAFileOfTLSThatIsNoFileHoldsNobodyUp(t *testing.T) {
	ca, f := newAuthority(t), newFiles(t)
	f.hold(ca, ca.issue("client.global.nomad"))
	pipe := filepath.Join(t.TempDir(), "pipe")
	noError(t, syscall.Mkfifo(pipe, 0o600))
	for path, says := range map[string]string{
		pipe: "it is a pipe", "/dev/zero": "it is a device", "/proc/self/environ": "it is a file that the kernel makes",
	} {
		for _, alter := range []func(*pool.TLSConfig){
			func(c *pool.TLSConfig) { c.CAFile = path }, func(c *pool.TLSConfig) { c.CertFile = path }, func(c *pool.TLSConfig) { c.KeyFile = path },
		} {
			cfg := f.config(0)
			alter(cfg)
			_, err := pool.New(pool.Config{TLS: cfg})
			if e := as[*pool.TLSConfigError](t, err); e.Problem != pool.TLSUnreadable || !strings.Contains(err.Error(), path+" cannot be read: "+says) {
				t.Errorf("%v; want %q", err, says)
			}
		}
	}
}

// The files are moved to a file system that does not answer, while they are watched.
func TestWatchedFilesOnASilentFileSystemHoldNoStopUp(t *testing.T) {
	ca, f, log := newAuthority(t), newFiles(t), make(lines, 100)
	s := ca.observe()
	f.hold(ca, ca.issue("client.global.nomad"))
	p := newPool(t, pool.Config{TLS: f.config(often), Logger: log.logger()})
	ping(t, p, s.Addr())
	mounted := t.TempDir()
	end, err := testutil.MountSilent(mounted)
	if err != nil {
		testutil.Unable(t, err)
	}
	t.Cleanup(end)
	noError(t, os.Symlink(filepath.Join(mounted, "ca.pem"), f.ca+".new"))
	noError(t, os.Rename(f.ca+".new", f.ca))
	awaitLine(t, log, "no answer within 5s")
	ping(t, p, s.Addr())
	if err := p.Stop(context.Background()); err != nil { // the test's own limit is the judge
		t.Error(err)
	}
}
