package messages

import "strings"

// Bounds of what can be an address, in bytes.
const (
	maxPort = len("65535")
	maxAddr = maxName + len(".:") + maxPort
)

// ParseServer reads the address of a server: an IP address or a host name, and a
// port. Without a port it is DefaultPort. Only the form is judged: a name is not
// resolved, an address not tried. It does not block.
//
//	10.0.0.1        10.0.0.1:4647
//	nomad.example   nomad.example:4647
//	::1             [::1]             [::1]:4647     fe80::1%eth0
//
// Name is s as it is given. Addr is host:port in one spelling, so that a server
// is listed once however it is written:
//
//   - names are lower-cased; one dot at the end stays, for it makes the name absolute,
//     and [Server.Key] leaves it out;
//   - IP addresses are in their shortest form, IPv6 in brackets; an IPv4 address
//     that is mapped to IPv6 becomes IPv4 again; a zone keeps its case;
//   - the port is always there.
//
// Parsing Addr gives Addr again, then without allocating.
//
// A name has labels of 1 to 63 letters, digits, hyphens and underscores that
// neither begin nor end with a hyphen, and 253 bytes in all. One that ends in a
// number, such as 10.0.0.300 or 0x7f000001, is an IP address gone wrong. A port is 1 to 65535
// in decimal digits, without a zero in front. An IPv6 address with a port needs
// brackets: ::1:4647 is all address. Only IPv6 takes brackets, and only IPv6 a
// zone: 1 to 64 letters, digits, hyphens, dots, underscores and tildes.
//
// Unspecified, multicast and broadcast addresses are refused: no server has one. Of these
// the unspecified one is what a server advertises that was told to listen on 0.0.0.0 and
// nothing else; to dial it leads to this very machine.
//
// The error is always an *AddrError.
func ParseServer(s string) (Server, error) {
	var room [maxAddr + maxZone]byte // on the stack: a normal address is not copied
	addr, reason := appendAddr(room[:0], s)
	if reason != "" {
		return Server{}, &AddrError{Input: s, Reason: reason}
	}
	if string(addr) == s {
		return Server{Name: s, Addr: s}, nil
	}
	return Server{Name: s, Addr: string(addr)}, nil
}

// appendAddr appends the normal form of s to b; reason is what is wrong with s.
func appendAddr(b []byte, s string) (_ []byte, reason string) {
	if reason = badText(s); reason != "" {
		return nil, reason
	}
	host, port, bracketed, reason := split(s)
	if reason != "" {
		return nil, reason
	}
	if b, reason = appendHost(b, host, bracketed); reason != "" {
		return nil, reason
	}
	return append(append(b, ':'), port...), ""
}

// badText finds what no form of address has.
func badText(s string) string {
	switch {
	case s == "":
		return "it is empty"
	case len(s) > maxAddr:
		return "it is too long"
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return "it has a space or control character"
	case strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f }): // or is not UTF-8
		return "it has a character that is not ASCII (an international name is written xn--...)"
	case strings.Contains(s, "://"):
		return "it has a scheme"
	case strings.ContainsAny(s, `/\?#`):
		return "it has a path"
	case strings.Contains(s, "@"):
		return "it has a user"
	}
	return ""
}

// split cuts s into host and port.
func split(s string) (host, port string, bracketed bool, reason string) {
	switch {
	case s[0] == '[':
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", "", false, "the bracket is not closed"
		}
		host, port, bracketed = s[1:end], s[end+1:], true
		if port == "" {
			return host, DefaultPort, true, ""
		}
		if port[0] != ':' {
			return "", "", false, "after the closing bracket only a port may follow"
		}
		port = port[1:]
	case strings.ContainsAny(s, "[]"):
		return "", "", false, "a bracket does not begin or does not close the host"
	case strings.Count(s, ":") != 1: // none, or a bare IPv6 address
		return s, DefaultPort, false, ""
	default:
		host, port, _ = strings.Cut(s, ":")
	}
	return host, port, bracketed, badPort(port)
}

// badPort is the reason why a port is refused.
func badPort(p string) string {
	switch {
	case p == "":
		return "the port is empty"
	case !digits(p):
		return "the port is not a number"
	case p == "0":
		return "the port is zero"
	case p[0] == '0':
		return "the port begins with a zero"
	case len(p) > maxPort || len(p) == maxPort && p > "65535":
		return "the port is over 65535"
	}
	return ""
}
