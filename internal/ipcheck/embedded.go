package ipcheck

import "net/netip"

// embedding is a prefix below which there are IPv4 addresses: what is sent to them, gateways
// pass on to these.
type embedding struct {
	prefix netip.Prefix
	at     [4]int // the bytes in which they are
	sure   bool   // they are nowhere else
}

// Of the prefix for local NAT64 it is not known how long an operator's is.
var embeddings = []embedding{
	{netip.MustParsePrefix("64:ff9b::/96"), [4]int{12, 13, 14, 15}, true},    // NAT64: RFC 6052, 2.1
	{netip.MustParsePrefix("2002::/16"), [4]int{2, 3, 4, 5}, true},           // 6to4: RFC 3056
	{netip.MustParsePrefix("::ffff:0:0:0/96"), [4]int{12, 13, 14, 15}, true}, // translated: RFC 2765
	{netip.MustParsePrefix("64:ff9b:1::/48"), [4]int{12, 13, 14, 15}, false}, // local NAT64: RFC 8215, a prefix of 96 bits
	{netip.MustParsePrefix("64:ff9b:1::/48"), [4]int{6, 7, 9, 10}, false},    // of 48
	{netip.MustParsePrefix("64:ff9b:1::/48"), [4]int{7, 9, 10, 11}, false},   // of 56
	{netip.MustParsePrefix("64:ff9b:1::/48"), [4]int{9, 10, 11, 12}, false},  // of 64
	{netip.MustParsePrefix("::/96"), [4]int{12, 13, 14, 15}, false},          // compatible: RFC 4291, 2.5.5.1, of no use any more
}

// in is the IPv4 address inside ip, which is not an IPv4 address itself; false: it is not below the prefix.
func (e *embedding) in(ip netip.Addr) (netip.Addr, bool) {
	if !e.prefix.Contains(ip) {
		return netip.Addr{}, false
	}
	b := ip.As16()
	return netip.AddrFrom4([4]byte{b[e.at[0]], b[e.at[1]], b[e.at[2]], b[e.at[3]]}), true
}
