package pool_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// files are a TLS configuration on disk.
type files struct {
	testing.TB
	ca, cert, key string
}

func newFiles(tb testing.TB) *files {
	dir := tb.TempDir()
	return &files{tb, filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
}

// put replaces a file as whole.
func (f *files) put(name string, text []byte) {
	f.Helper()
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		f.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		f.Fatal(err)
	}
}

// hold replaces all three.
func (f *files) hold(ca authority, id *testutil.Identity) {
	f.Helper()
	f.put(f.ca, ca.PEM())
	f.put(f.cert, id.CertPEM)
	f.put(f.key, id.KeyPEM)
}

func (f *files) config(every time.Duration) *pool.TLSConfig {
	return &pool.TLSConfig{CAFile: f.ca, CertFile: f.cert, KeyFile: f.key, Watch: every}
}

// lines is a log that hands out its lines.
type lines chan string

func (l lines) Write(b []byte) (int, error) { l <- string(bytes.TrimSpace(b)); return len(b), nil }

func (l lines) logger() zerolog.Logger { return zerolog.New(l).Level(zerolog.InfoLevel) }

const often = time.Millisecond

func TestWatchedFilesAreTakenWhenTheyChange(t *testing.T) {
	ca, f, log := newAuthority(t), newFiles(t), make(lines, 100)
	s := ca.observe()
	id := ca.issue("client.global.nomad")
	f.hold(ca, id)
	p := newPool(t, pool.Config{TLS: f.config(often), DrainTimeout: time.Millisecond, Logger: log.logger()})
	ping(t, p, s.Addr())
	s.awaitGuest(t, id)
	for range 3 {
		id = ca.issue("client.global.nomad")
		f.hold(ca, id)
		s.awaitGuest(t, id)           // to be tried
		s.awaitGuest(t, id)           // for good
		awaitLine(t, log, "replaced") // before it, a key that is not the certificate's may be seen
		ping(t, p, s.Addr())
	}
	await(t, "one session", func() bool { return p.Stats().Sessions == 1 })
}

func TestABadFileIsLoggedOnceAndTheOldStays(t *testing.T) {
	t.Parallel()
	ca, other, f, log := newAuthority(t), newAuthority(t), newFiles(t), make(lines, 100)
	s := ca.observe()
	good := ca.issue("client.global.nomad")
	f.hold(ca, good)
	p := newPool(t, pool.Config{TLS: f.config(often), Logger: log.logger()})
	ping(t, p, s.Addr())
	for _, c := range []struct {
		text []byte
		says string
	}{
		{[]byte("nonsense"), "cert.pem holds no PEM"},
		{other.issue("client.global.nomad").CertPEM, "key.pem is not the key of the certificate"},
		{nil, "cert.pem holds no PEM"},
	} {
		f.put(f.cert, c.text)
		if got := receive(t, "a complaint", log); !strings.Contains(got, c.says) || !strings.Contains(got, `"warn"`) {
			t.Errorf("%s, want %q", got, c.says)
		}
		ping(t, p, s.Addr())
	}

	// One that only a server finds wrong stays on offer, and is tried again as soon as
	// a session comes up.
	f.hold(ca, other.issue("client.global.nomad"))
	awaitLine(t, log, "refuses this client")
	if pending, why := p.OfferedTLS(); !pending || !errors.Is(why, pool.ErrTLSRefused) || p.Stats().TLSOffers != 1 {
		t.Errorf("pending %v, %v", pending, why)
	}
	tried := s.Counts().Accepted
	bounce(t, p, s.Server)
	ping(t, p, s.Addr())
	await(t, "another attempt", func() bool { return s.Counts().Accepted >= tried+2 })
	select {
	case more := <-log:
		t.Errorf("said again: %s", more)
	default:
	}
	if n := p.Stats().Dials; n != 2 {
		t.Errorf("%d dials, want one for each session", n)
	}

	id := ca.issue("client.global.nomad")
	f.hold(ca, id)
	awaitLine(t, log, "replaced")
	s.awaitGuest(t, id)
	ping(t, p, s.Addr())
	if pending, why := p.OfferedTLS(); pending || why != nil {
		t.Errorf("still on offer: %v", why)
	}
}

// awaitLine reads the log up to such a line.
func awaitLine(t *testing.T, log lines, says string) {
	t.Helper()
	for !strings.Contains(receive(t, "a line with "+says, log), says) {
	}
}

func TestSetTLSEndsTheWatchOfTheFilesBefore(t *testing.T) {
	ca, f, next := newAuthority(t), newFiles(t), newFiles(t)
	s, log := ca.observe(), make(lines, 100)
	f.hold(ca, ca.issue("client.global.nomad"))
	p := newPool(t, pool.Config{TLS: f.config(often), Logger: log.logger()})
	ping(t, p, s.Addr())
	next.hold(ca, ca.issue("client.global.nomad"))
	noError(t, p.SetTLS(t.Context(), next.config(often)))
	f.put(f.cert, []byte("nonsense")) // nobody looks
	id := ca.issue("client.global.nomad")
	next.hold(ca, id)
	s.awaitGuest(t, id)
	s.awaitGuest(t, id)
	for replaced := 0; replaced < 2; {
		line := receive(t, "a line", log)
		if strings.Contains(line, f.cert) {
			t.Errorf("%s", line)
		}
		if strings.Contains(line, "replaced") {
			replaced++
		}
	}
}

func TestFilesAreReadAgainWithTheSettingsThatWereTaken(t *testing.T) {
	ca, f, log := newAuthority(t), newFiles(t), make(lines, 100)
	s := ca.serve(ca.issue("server.mars.nomad"), tls.VersionTLS13)
	f.hold(ca, ca.issue("client.global.nomad"))
	cfg := anyName(f.config(often))
	cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	p := newPool(t, pool.Config{TLS: cfg, Logger: log.logger()})
	*cfg.VerifyServerName, cfg.CipherSuites[0] = true, 0
	ping(t, p, s.Addr())
	f.hold(ca, ca.issue("client.global.nomad"))
	awaitLine(t, log, "replaced")
	bounce(t, p, s)
	ping(t, p, s.Addr())
}
