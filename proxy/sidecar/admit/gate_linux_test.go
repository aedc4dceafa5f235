package admit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// families are the ways that loopback is reached: where to listen, and how to dial.
var families = []struct{ name, listen, dial, host string }{
	{"IPv4", "tcp4", "tcp4", "127.0.0.1"},
	{"another address of loopback", "tcp4", "tcp4", "127.8.9.10"},
	{"IPv6", "tcp6", "tcp6", "::1"},
	{"IPv4 on a socket for both", "tcp", "tcp4", "127.0.0.1"},
	{"IPv4 from a socket for IPv6", "tcp", "tcp", "::ffff:127.0.0.1"},
}

// everywhere listens on all addresses if both families are meant, else on host.
func everywhere(t testing.TB, network, host string) net.Listener {
	t.Helper()
	if network == "tcp" {
		host = "::"
	}
	return listening(t, network, net.JoinHostPort(host, "0"))
}

// at is host with the port of ln.
func at(ln net.Listener, host string) string {
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return net.JoinHostPort(host, port)
}

func TestTheUserOfThisProcessIsAdmitted(t *testing.T) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			ln := everywhere(t, f.listen, f.host)
			here, there := joined(t, ln, f.dial, at(ln, f.host))
			if err := New(Policy{}).Admit(here); err != nil {
				t.Errorf("%s to %s: %v", there.LocalAddr(), there.RemoteAddr(), err)
			}
			// The half-closed side reads on, and its socket is still its owner's.
			if err := there.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if err := New(Policy{}).Admit(here); err != nil {
				t.Errorf("half closed: %v", err)
			}
		})
	}
}

func TestAnotherUserIsRefusedUnlessAllowed(t *testing.T) {
	testutil.NeedRoot(t, "becomes another user")
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			ln := everywhere(t, f.listen, f.host)
			for _, deed := range []string{holds, halfCloses} {
				here, from := connectsAs(t, ln, at(ln, f.host), deed)
				err := New(Policy{AllowUIDs: []uint32{1, other - 1, 1000}}).Admit(here)
				refused, ok := errors.AsType[*RefusedError](err)
				if !ok || refused.UID != other || refused.User != "nobody" || refused.Peer != from.String() || refused.Key() != "65534" {
					t.Fatalf("%s: %#v: %v", deed, refused, err)
				}
				for _, says := range []string{from.String(), `uid 65534 ("nobody") may not connect`, "allow_uid"} {
					if !strings.Contains(err.Error(), says) {
						t.Errorf("%q does not say %q", err, says)
					}
				}
				for _, p := range []Policy{{AllowUIDs: []uint32{7, other}}, {AllowAnyLocalUser: true}, {TLS: withClientCerts()}} {
					if err := New(p).Admit(here); err != nil {
						t.Errorf("%s: %+v: %v", deed, p, err)
					}
				}
			}
		})
	}
}

func withClientCerts() *tls.Config {
	return &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
}

// Many kernels name root as the owner of a socket that nobody holds any more.
func TestAUserWhoSendsSomethingAndLeavesDoesNotPassForRoot(t *testing.T) {
	testutil.NeedRoot(t, "becomes another user")
	for _, f := range families {
		ln := everywhere(t, f.listen, f.host)
		for _, deed := range []string{leaves, resets} {
			here, _ := connectsAs(t, ln, at(ln, f.host), deed)
			err := New(Policy{}).Admit(here)
			if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.UID != -1 || refused.Key() != reasonGone {
				t.Errorf("%s, %s: %v", f.name, deed, err)
			}
		}
	}
}

// A user resets the connection, and its port becomes that of somebody who may connect.
func TestAPortThatIsUsedAgainDoesNotLendItsNewOwner(t *testing.T) {
	testutil.NeedRoot(t, "becomes another user")
	ln := listening(t, "tcp4", "127.0.0.1:0")
	here, second := successors(t, ln)
	g := New(Policy{})
	if err := g.Admit(here); err == nil {
		t.Error("the connection that was reset is admitted as one of root")
	}
	if err := g.Admit(second); err != nil {
		t.Error(err)
	}
	// What was sent on it can still be read, so a request would have been carried out.
	text := make([]byte, 16)
	if n, err := here.Read(text); err != nil || string(text[:n]) != "a request" {
		t.Logf("the kernel keeps nothing of it: %q, %v", text[:n], err)
	}
}

// successors are a connection of another user, who has reset it, and one of this process
// with the same addresses.
func successors(t *testing.T, ln net.Listener) (here, second net.Conn) {
	t.Helper()
	for range 100 { // another connection of this machine may have the port too
		here, from := connectsAs(t, ln, ln.Addr().String(), resets)
		there, err := (&net.Dialer{LocalAddr: from, Timeout: limit}).Dial("tcp4", ln.Addr().String())
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = there.Close() })
		return here, accepted(t, ln)
	}
	t.Fatal("no port could be used again")
	return nil, nil
}

func TestAConnectionThatEndedHereIsNotLookedUp(t *testing.T) {
	ln := listening(t, "tcp4", "127.0.0.1:0")
	here, _ := joined(t, ln, "tcp4", ln.Addr().String())
	if err := here.Close(); err != nil {
		t.Fatal(err)
	}
	err := New(Policy{}).Admit(here)
	if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Key() != reasonGone || !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

func TestWhatIsNoTCPConnectionIsRefused(t *testing.T) {
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	for _, p := range []Policy{{}, {AllowAnyLocalUser: true}} {
		err := New(p).Admit(a)
		if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Key() != reasonNoTCP {
			t.Error(err)
		}
	}
}

func TestAConnectionBelowTLSIsLookedUp(t *testing.T) {
	ln := listening(t, "tcp4", "127.0.0.1:0")
	here, _ := joined(t, ln, "tcp4", ln.Addr().String())
	if err := New(Policy{}).Admit(tls.Server(here, &tls.Config{MinVersion: tls.VersionTLS12})); err != nil {
		t.Error(err)
	}
}

func TestAnotherPolicyCountsAtOnce(t *testing.T) {
	testutil.NeedRoot(t, "becomes another user")
	ln := listening(t, "tcp4", "127.0.0.1:0")
	here, _ := connectsAs(t, ln, ln.Addr().String(), holds)
	allowed := []uint32{other}
	g := New(Policy{AllowUIDs: allowed})
	allowed[0] = 1 // the caller's own
	if err := g.Admit(here); err != nil {
		t.Error(err)
	}
	g.Set(Policy{})
	if err := g.Admit(here); err == nil {
		t.Error("admitted after the user was taken away")
	}
	g.Set(Policy{AllowUIDs: []uint32{other}})
	if err := g.Admit(here); err != nil {
		t.Error(err)
	}
}

// Many connections at once: each is looked up by itself, and none waits for ever.
func TestManyAreLookedUpAtOnce(t *testing.T) {
	ln := listening(t, "tcp4", "127.0.0.1:0")
	here, _ := joined(t, ln, "tcp4", ln.Addr().String())
	g := New(Policy{})
	results := make(chan error)
	const callers, each = 64, 20
	for range callers {
		go func() {
			var failed error
			for range each {
				failed = errors.Join(failed, g.Admit(here))
			}
			results <- failed
		}()
	}
	for range callers {
		if err := <-results; err != nil && !strings.Contains(err.Error(), reasonBusy) { // a machine may be slow
			t.Error(err)
		}
	}
}

func TestAllPlacesTakenIsARefusal(t *testing.T) {
	ln := listening(t, "tcp4", "127.0.0.1:0")
	here, _ := joined(t, ln, "tcp4", ln.Addr().String())
	g := New(Policy{})
	for range maxLookups {
		g.places <- struct{}{}
	}
	err := g.Admit(here)
	if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Key() != reasonBusy {
		t.Error(err)
	}
}

func TestTheNamesOfUsersAreBounded(t *testing.T) {
	var u users
	for uid := range uint32(3 * maxNames) {
		u.name(uid + 100_000)
	}
	if known := *u.known.Load(); len(known) > maxNames {
		t.Errorf("%d names are kept", len(known))
	}
	if name := new(users).name(0); name != "root" {
		t.Errorf("user 0 is %q", name)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for _, others := range []int{0, 5000} {
		b.Run(fmt.Sprintf("beside %d connections", others), func(b *testing.B) {
			ln := listening(b, "tcp4", "127.0.0.1:0")
			for range others {
				conn, err := net.DialTimeout("tcp4", ln.Addr().String(), 10*time.Second)
				if err != nil {
					b.Skip(err)
				}
				defer func() { _ = conn.Close() }()
				accepted(b, ln)
			}
			here, _ := joined(b, ln, "tcp4", ln.Addr().String())
			g := New(Policy{})
			b.ReportAllocs()
			for b.Loop() {
				if err := g.Admit(here); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
