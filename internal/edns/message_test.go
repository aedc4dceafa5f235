package edns

import (
	"bytes"
	"testing"

	"github.com/miekg/dns"
)

// packed is a message as bytes.
func packed(t *testing.T, m *dns.Msg) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAQuestionWithoutEDNSIsTheSameInAllElse(t *testing.T) {
	q := new(dns.Msg).SetQuestion("a.test.", dns.TypeAAAA)
	want := packed(t, q)
	if got := Plain(want); got != nil {
		t.Errorf("% x of one without", got)
	}
	if got := Plain(packed(t, q.Copy().SetEdns0(1232, false))); !bytes.Equal(got, want) {
		t.Errorf("% x\nwant % x", got, want)
	}
	for _, bad := range []string{"", "short", "0123456789\x00\x01", "0123456789\x00\x01\x05abc", "0123456789\x00\x01\x01a\x00\x00\x01\x00", "0123456789\x00\x01\x80a\x00aaaa"} {
		if got := Plain([]byte(bad)); got != nil {
			t.Errorf("%q: % x", bad, got)
		}
	}
}

func TestAnAnswerThatCanBeReadIsNoMisunderstanding(t *testing.T) {
	q := new(dns.Msg).SetQuestion("a.test.", dns.TypeA).SetEdns0(1232, false)
	rr, err := dns.NewRR("a.test. 1 IN A 10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	answer := new(dns.Msg).SetReply(q)
	answer.Answer = append(answer.Answer, rr)
	good := packed(t, answer)
	for name, b := range map[string][]byte{
		"good": good, "an answer and a broken record": append(append(bytes.Clone(good[:11]), 1), append(bytes.Clone(good[12:]), 0, 0, 41)...),
		"empty": packed(t, new(dns.Msg).SetReply(q)), "SERVFAIL": packed(t, new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)),
		"cut short": {0, 0, 0x82, 0, 0, 1, 0, 9, 0, 0, 0, 0},
	} {
		if misunderstood(b) {
			t.Errorf("%s: % x", name, b)
		}
	}
}

func FuzzLook(f *testing.F) {
	f.Add([]byte("\x00\x07\x80\x00\x00\x01\xff\xff\xff\xff\xff\xff\x01a\x00\x00\x01\x00\x01\xc0\x0c\x00\x29\x00\x00\x01\x00\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p := Plain(b); len(p) > len(b) {
			t.Errorf("% x", p)
		}
		if len(b) < headBytes {
			return
		}
		misunderstood(b)
		if _, readable, _ := look(b); readable*(recordTail+1) > len(b) {
			t.Errorf("%d records in %d bytes", readable, len(b))
		}
	})
}
