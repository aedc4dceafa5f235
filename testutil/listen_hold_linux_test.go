//go:build linux && (amd64 || arm64)

package testutil

import (
	"net"
	"testing"
)

// There must be no moment at which the address is neither listened on nor reserved.
func TestAnAddressIsReservedBeforeItsServerReleasesItAndAfterItIsBack(t *testing.T) {
	s := start(t, ServerConfig{})
	placeholder := holdAddr(s.Addr())
	if placeholder == nil {
		t.Fatal("it cannot be held while the server listens")
	}
	defer placeholder.Close()
	ln, err := listenTCP(s.Addr())
	if err != nil {
		t.Fatalf("a server cannot listen where it is reserved: %v", err)
	}
	defer ln.Close()
	if other := start(t, ServerConfig{}); other.Addr() == s.Addr() {
		t.Errorf("another server was given %s, too", s.Addr())
	}
}

func TestTheAddressIsNotTakenWhileItsServerGoesAndComes(t *testing.T) {
	s, alive := start(t, ServerConfig{}), start(t, ServerConfig{})
	local, err := net.ResolveTCPAddr("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	thief := net.Dialer{LocalAddr: local}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			default:
			}
			if c, err := thief.Dial("tcp", alive.Addr()); err == nil {
				_ = c.Close()
				t.Error("an outgoing connection has it")
				return
			}
		}
	}()
	for range 1000 {
		s.Kill()
		if err := s.Restart(); err != nil {
			t.Error(err)
			break
		}
	}
	close(quit)
	<-ended
}
