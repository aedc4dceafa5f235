package dnstest

import (
	"bytes"
	"net"

	"github.com/miekg/dns"
)

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
	f := z.faults[lower(q.Name)]
	if with := r.IsEdns0() != nil; with {
		s.with.Add(1)
		if f.aboutEDNS() {
			misunderstand(w, r, f)
			return
		}
	} else {
		s.without.Add(1)
	}
	write(w, reply, f, packets)
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
	case NoSuchName:
		reply.Answer, reply.Rcode = nil, dns.RcodeNameError
	case WrongID, WrongQuestion, Forged:
		if forge(w, reply, f); f == Forged {
			return
		}
	case Pointers:
		_, _ = w.Write(pointers(reply))
		return
	case GarbageTCP:
		if !packets {
			_, _ = w.Write(bytes.Repeat([]byte{0xc0}, dns.MaxMsgSize-1))
			return
		}
		reply.Answer, reply.Truncated = nil, true
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
