package ipcheck

import "net/netip"

// Unusable is why nothing can be reached at an address, or only this very machine; empty: it
// may be a server's. An IPv4 address inside an IPv6 one, as NAT64 has them, counts too.
func Unusable(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if reason := unusable(ip); reason != "" {
		return reason
	}
	for i := range embeddings {
		if at, is := embeddings[i].in(ip); is && embeddings[i].sure && unusable(at) != "" {
			return "it stands for " + at.String() + ": " + unusable(at)
		}
	}
	return ""
}

func unusable(ip netip.Addr) string {
	switch {
	case ip.IsUnspecified():
		return "it is the unspecified address, which stands for this machine"
	case ip.Is4() && ip.As4()[0] == 0:
		return "it is in 0.0.0.0/8, where no host is"
	case ip.IsMulticast():
		return "it is a multicast address"
	case ip == broadcast:
		return "it is the broadcast address"
	}
	return ""
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Metadata reports whether clouds serve their machines' metadata at an address, and with it
// credentials: what an agent sends there, and what is answered, must not be directed by
// others. An IPv4 address inside an IPv6 one counts too.
func Metadata(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for i := range embeddings {
		if at, is := embeddings[i].in(ip); is && serves(at) {
			return true
		}
	}
	return serves(ip)
}

func serves(ip netip.Addr) bool {
	for _, p := range metadata {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// metadata are the services that clouds document, each with what else they serve there.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("169.254.169.0/24"),       // AWS, Azure, GCP, OpenStack and others: instance metadata, name and time servers
	netip.MustParsePrefix("169.254.170.0/24"),       // AWS: credentials of containers and pods
	netip.MustParsePrefix("169.254.42.42/32"),       // Scaleway
	netip.MustParsePrefix("169.254.0.23/32"),        // Tencent
	netip.MustParsePrefix("fd00:ec2::/32"),          // AWS, IPv6
	netip.MustParsePrefix("fd20:ce::254/128"),       // GCP, IPv6
	netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway, IPv6
	netip.MustParsePrefix("fe80::a9fe:a9fe/128"),    // OpenStack, IPv6
	netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),         // Oracle
	netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle, IPv6
	netip.MustParsePrefix("168.63.129.16/32"),       // Azure: the host's agent
}

// MetadataHost reports whether the host of a host:port is such an address.
func MetadataHost(addr string) bool {
	at, err := netip.ParseAddrPort(addr)
	return err == nil && Metadata(at.Addr())
}
