package messages

import (
	"net/netip"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/ipcheck"
)

// Bounds of what can be a host, in bytes.
const (
	maxName  = 253 // a host name, without a dot at its end
	maxLabel = 63  // what stands between two dots of it
	maxZone  = 64  // an IPv6 zone, which names a network interface
)

// appendHost appends the normal form of host, with the brackets that it needs.
func appendHost(b []byte, host string, bracketed bool) (_ []byte, reason string) {
	switch {
	case bracketed || strings.Contains(host, ":"):
		return appendIPv6(b, host)
	case endsInNumber(host):
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return nil, "the host ends in a number but is not an IPv4 address"
		}
		return ip.AppendTo(b), ipcheck.Unusable(ip)
	default:
		return appendName(b, host)
	}
}

// appendIPv6 appends host in brackets, or without if it is an IPv4 address that
// is mapped to IPv6.
func appendIPv6(b []byte, host string) (_ []byte, reason string) {
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return nil, "the host is not an IPv6 address"
	case ip.Is4():
		return nil, "only an IPv6 address takes brackets"
	case ip.Is4In6() && ip.Zone() != "": // Unmap would drop it unseen
		return nil, "an IPv4 address takes no zone"
	case badZone(ip.Zone()):
		return nil, "the zone is over 64 bytes or has a character that is no letter, digit or one of -._~"
	case ipcheck.Unusable(ip) != "":
		return nil, ipcheck.Unusable(ip)
	case ip.Is4In6():
		return ip.Unmap().AppendTo(b), ""
	}
	return append(ip.AppendTo(append(b, '[')), ']'), ""
}

// badZone reports whether a zone is too long or would not survive in an address.
func badZone(zone string) bool {
	return len(zone) > maxZone || strings.ContainsFunc(zone, func(r rune) bool {
		return !alphanumeric(r) && !strings.ContainsRune("-._~", r)
	})
}

// appendName checks a host name and appends it in lower case. A dot at its end stays: it makes
// the name absolute, so that no search domain is tried.
func appendName(b []byte, name string) (_ []byte, reason string) {
	name, absolute := strings.CutSuffix(name, ".")
	switch {
	case name == "":
		return nil, "the host is empty"
	case len(name) > maxName:
		return nil, "the host name is over 253 bytes"
	}
	for label := range strings.SplitSeq(name, ".") {
		if reason = badLabel(label); reason != "" {
			return nil, reason
		}
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	if absolute {
		b = append(b, '.')
	}
	return b, ""
}

// badLabel is the reason why one label of a name is refused.
func badLabel(label string) string {
	switch {
	case label == "":
		return "the host has an empty label"
	case len(label) > maxLabel:
		return "the host has a label over 63 bytes"
	case strings.ContainsFunc(label, func(r rune) bool { return !alphanumeric(r) && r != '-' && r != '_' }):
		return "the host has a character that is no letter, digit, hyphen or underscore"
	case label[0] == '-' || label[len(label)-1] == '-':
		return "the host has a label that begins or ends with a hyphen"
	}
	return ""
}

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// endsInNumber reports whether the last label of a host is a number, in decimal or, behind
// 0x, in hexadecimal digits, which only an IPv4 address may have: some systems take
// 0xa9fea9fe for one.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if len(last) > 1 && last[0] == '0' && last[1]|0x20 == 'x' {
		return !strings.ContainsFunc(last[2:], func(r rune) bool { return !('0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'f') })
	}
	return last != "" && digits(last)
}

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
