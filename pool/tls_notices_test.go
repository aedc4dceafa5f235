package pool

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

// The end of a certificate is a date, and when to look for it is not: the clock may be set
// meanwhile, and the owner waits for other things, too.
func TestWhenToLookAtACertificateFollowsNoClockThatIsSet(t *testing.T) {
	ca, err := testutil.NewCA()
	noError(t, err)
	creds, err := (&TLSConfig{CAPEM: ca.PEM()}).load()
	noError(t, err)
	now := stepped.Start()
	var n notices
	n.give(now, creds, nil)
	for _, by := range []time.Duration{0, 365 * 24 * time.Hour, -365 * 24 * time.Hour} {
		if left := n.next.Sub(stepped.Shift(now, by)); left <= 0 || left > noticeAgain {
			t.Errorf("set by %v: the next look is in %v", by, left)
		}
	}
}

// A certificate's end is announced from a fifth of its life before it on, or a week, once a
// day; its end is, too, and nothing is said of the same credentials again.
func TestTheEndOfACertificateIsAnnouncedOnceADay(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	for name, c := range map[string]struct {
		life time.Duration
		says []string // on each day from the first on which something is said
		from time.Duration
	}{
		"a year":   {365 * 24 * time.Hour, []string{"soon", "soon", "soon", "soon", "soon", "soon", "soon", "soon", "has expired", "has expired"}, 358 * 24 * time.Hour},
		"ten days": {10 * 24 * time.Hour, []string{"soon", "soon", "soon", "has expired"}, 8 * 24 * time.Hour},
		"an hour":  {time.Hour, []string{"soon", "has expired", "has expired"}, 48 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			ca, err := testutil.NewCA()
			noError(t, err)
			id, err := ca.Issue(testutil.CertConfig{Names: []string{"client.global.nomad"}, NotBefore: now, NotAfter: now.Add(c.life)})
			noError(t, err)
			old, err := ca.Issue(testutil.CertConfig{Names: []string{"CA"}, CA: true, NotAfter: now.Add(100 * 365 * 24 * time.Hour)})
			noError(t, err)
			creds, err := (&TLSConfig{CAPEM: old.CertPEM, CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}).load()
			noError(t, err)
			var log bytes.Buffer
			var n notices
			queue := logqueue.New()
			give := func(at time.Time) {
				n.give(at, creds, queue.Logger(zerolog.New(&log)))
				queue.Flush(t.Context())
			}
			at := now.Add(time.Second)
			give(at)
			var said []string
			for len(said) < len(c.says) {
				if n.next.IsZero() || !n.next.After(at) {
					t.Fatalf("the next look is at %v, now is %v", n.next, at)
				}
				at = n.next
				log.Reset()
				give(at)
				give(at) // as when it is put into force again
				if log.Len() == 0 {
					continue
				}
				if len(said) == 0 && at.Sub(now).Truncate(time.Minute) != c.from {
					t.Errorf("said first after %v, want %v", at.Sub(now), c.from)
				}
				said = append(said, log.String())
				if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), c.says[len(said)-1]) {
					t.Errorf("%v: %q, want %q", c.life, log.String(), c.says[len(said)-1])
				}
			}
		})
	}
}
