package dnstest

import (
	"net"

	"github.com/miekg/dns"
)

// Fault is a way to misbehave for one name.
type Fault uint8

// The faults.
const (
	ServFail  Fault = iota + 1 // answers that it failed
	Refused                    // refuses the question
	Silent                     // does not answer
	Garbage                    // answers with bytes that are no DNS message
	Malformed                  // answers with a head that promises a record, and no record
	Truncated                  // answers over UDP only that the answer does not fit
	Lame                       // answers nothing, and refers to no other server
)

// answersAt is where a message has the number of its answers, low byte.
const answersAt = 7

// answer answers one question.
func (s *Server) answer(w dns.ResponseWriter, r *dns.Msg) {
	if len(r.Question) != 1 {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeFormatError))
		return
	}
	q, z := r.Question[0], s.zone.Load()
	s.note(w, q)
	reply := new(dns.Msg).SetReply(r)
	reply.Authoritative, reply.RecursionAvailable, reply.Compress = true, true, true
	var exists bool
	reply.Answer, exists = z.find(q)
	if !exists {
		reply.Rcode = dns.RcodeNameError
	}
	_, packets := w.RemoteAddr().(*net.UDPAddr)
	if packets {
		room := dns.MinMsgSize
		if o := r.IsEdns0(); o != nil {
			room = int(o.UDPSize())
		}
		reply.Truncate(room)
	}
	write(w, reply, z.faults[lower(q.Name)], packets)
}

// write sends the reply, or what the fault makes of it. A client that is gone
// does not get it.
func write(w dns.ResponseWriter, reply *dns.Msg, f Fault, packets bool) {
	switch f {
	case Silent:
		return
	case ServFail:
		reply = new(dns.Msg).SetRcode(reply, dns.RcodeServerFailure)
	case Refused:
		reply = new(dns.Msg).SetRcode(reply, dns.RcodeRefused)
	case Lame:
		reply.Answer, reply.Rcode, reply.Authoritative, reply.RecursionAvailable = nil, dns.RcodeSuccess, false, false
	case Truncated:
		if packets {
			reply.Answer, reply.Truncated = nil, true
		}
	case Garbage:
		_, _ = w.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		return
	case Malformed:
		reply.Answer, reply.Rcode = nil, dns.RcodeSuccess
		if b, err := reply.Pack(); err == nil {
			b[answersAt]++
			_, _ = w.Write(b)
		}
		return
	}
	_ = w.WriteMsg(reply)
}
