package dnstest

import (
	"github.com/miekg/dns"
)

// Fault is a way to misbehave for one name.
type Fault uint8

// The faults.
const (
	ServFail   Fault = iota + 1 // answers that it failed
	Refused                     // refuses the question
	Silent                      // does not answer
	Garbage                     // answers with bytes that are no DNS message
	Malformed                   // answers with a head that promises a record, and no record
	Truncated                   // answers over UDP only that the answer does not fit
	Lame                        // answers nothing, and refers to no other server
	NoSuchName                  // answers that there is no such name

	// These are about questions with EDNS; others are answered.
	NoEDNS         // answers that it does not understand the question
	NoEDNSBare     // the same, with nothing behind the head
	NotDoneEDNS    // answers that it does not do that
	BadVersionEDNS // answers that it does not know that version of EDNS
	BrokenEDNS     // answers nothing but a record of EDNS that is longer than the message
	SilentEDNS     // does not answer

	WrongID       // answers a hundred times with the numbers of other questions before the answer
	WrongQuestion // the same with other questions and the right number
	Forged        // both, and no answer
	Pointers      // answers with names that are made of pointers to each other
	GarbageTCP    // Truncated, and over TCP 64 KiB that are no DNS message
)

// aboutEDNS reports whether a fault is about questions with EDNS only.
func (f Fault) aboutEDNS() bool { return f >= NoEDNS && f <= SilentEDNS }

// Where a message has the low bytes of the numbers of its answers and its other records.
const (
	answersAt    = 7
	additionalAt = 11
	headBytes    = 12
)

// misunderstand answers a question with EDNS. A client that is gone does not get it.
func misunderstand(w dns.ResponseWriter, r *dns.Msg, f Fault) {
	switch f {
	case NoEDNS:
		_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeFormatError))
	case NotDoneEDNS:
		_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeNotImplemented))
	case BadVersionEDNS:
		reply := new(dns.Msg).SetRcode(r, dns.RcodeBadVers)
		reply.SetEdns0(dns.MinMsgSize, false)
		reply.IsEdns0().SetExtendedRcode(dns.RcodeBadVers)
		_ = w.WriteMsg(reply)
	case NoEDNSBare:
		if b, err := new(dns.Msg).SetRcode(r, dns.RcodeFormatError).Pack(); err == nil {
			b[5] = 0 // questions
			_, _ = w.Write(b[:headBytes])
		}
	case BrokenEDNS:
		if b, err := new(dns.Msg).SetReply(r).Pack(); err == nil {
			b[additionalAt]++
			_, _ = w.Write(append(b, 0, 0, byte(dns.TypeOPT), 4, 0, 0, 0, 0, 0, 0xff, 0xff))
		}
	}
}

// forgeries is how many of them come before the answer.
const forgeries = 100

// forge sends answers that do not belong to the question: that there is no such name.
func forge(w dns.ResponseWriter, reply *dns.Msg, f Fault) {
	for i := range forgeries {
		bad := new(dns.Msg).SetRcode(reply, dns.RcodeNameError)
		if f == WrongQuestion || f == Forged && i%2 == 0 {
			bad.Question = []dns.Question{{Name: "other.test.", Qtype: reply.Question[0].Qtype, Qclass: dns.ClassINET}}
		} else {
			bad.Id += uint16(i) + 1
		}
		_ = w.WriteMsg(bad)
	}
}

// pointers is a reply whose answers are each owned by a name that is a pointer to itself.
func pointers(reply *dns.Msg) []byte {
	const records = 40
	reply.Answer, reply.Rcode = nil, dns.RcodeSuccess
	b, err := reply.Pack()
	if err != nil {
		return nil
	}
	b[answersAt] = records
	for range records {
		at := len(b)
		b = append(b, 0xc0|byte(at>>8), byte(at), 0, byte(dns.TypeA), 0, dns.ClassINET, 0, 0, 0, 1, 0, 4, 10, 0, 0, 1)
	}
	return b
}
