package edns

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestTheServersThatAreRememberedAreBoundedAndForgottenInTime(t *testing.T) {
	var r Resolvers
	now := time.Now()
	for i := range 10 * maxServers {
		r.note(fmt.Sprint(i), now.Add(plainFor))
	}
	if n := len(*r.plain.Load()); n != maxServers {
		t.Errorf("%d servers", n)
	}
	last := fmt.Sprint(10*maxServers - 1)
	if !r.without(last, now) || r.without(last, now.Add(plainFor)) || r.without("0", now) {
		t.Error("the wrong ones")
	}
	r.note(last, time.Time{})
	if r.without(last, now) {
		t.Error("what was withdrawn counts")
	}
}

// silent is a name server that never answers.
func silent(t *testing.T) net.PacketConn {
	t.Helper()
	s, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSilenceIsAnsweredByAQuestionWithoutEDNSAndThatByOneWithItAgain(t *testing.T) {
	var r Resolvers
	s := silent(t)
	q := packed(t, new(dns.Msg).SetQuestion("a.test.", dns.TypeA).SetEdns0(1232, false))
	for _, edns := range []bool{true, false, true, false} {
		c, err := net.Dial("udp", s.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		wrapped := r.Wrap(c, "it")
		if n, err := wrapped.Write(q); n != len(q) || err != nil {
			t.Fatal(n, err)
		}
		b := make([]byte, 1500)
		n, _, err := s.ReadFrom(b)
		m := new(dns.Msg)
		if err != nil || m.Unpack(b[:n]) != nil || (m.IsEdns0() != nil) != edns {
			t.Errorf("%v, %v; want EDNS %t", m, err, edns)
		}
		_ = wrapped.SetDeadline(time.Now())
		if _, err := wrapped.Read(b); err == nil {
			t.Error("an answer")
		}
		_ = wrapped.Close()
	}
}
