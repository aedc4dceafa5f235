package dialing

import (
	"fmt"
	"net/netip"

	"github.com/open-nomad/rpcproxy/internal/ipcheck"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// RefusedError is why an address is not dialed although it is well formed: no server has it,
// or others may not direct an agent there.
type RefusedError struct {
	Host   string     // the name that led to it; empty: it was given as an address
	IP     netip.Addr // the address; of several the first
	Reason string
}

func (e *RefusedError) Error() string {
	if e.Host == "" {
		return fmt.Sprintf("%s is not dialed: %s", e.IP, printable.Text(e.Reason))
	}
	return fmt.Sprintf("the name %s leads to %s, which is not dialed: %s", printable.Quote(e.Host, printable.MaxName), e.IP, printable.Text(e.Reason))
}

// refuseGiven is why an address is not dialed that was given as one; nil: it may be. A
// cloud's metadata address was configured if it comes here: no heartbeat, and no discovery,
// has it listed.
func refuseGiven(ip netip.Addr) error {
	if reason := ipcheck.Unusable(ip); reason != "" {
		return &RefusedError{IP: ip, Reason: reason}
	}
	return nil
}

// dialable is those of the addresses of a name that may be dialed, at least one. A name is
// told by a resolver, so none of them may be a cloud's metadata address.
func dialable(host string, ips []netip.Addr) ([]netip.Addr, error) {
	var refused error
	may := ips[:0:0]
	for _, ip := range ips {
		reason := ipcheck.Unusable(ip)
		if reason == "" && ipcheck.Metadata(ip) {
			reason = "clouds serve the metadata of their machines there; configure the address itself if a server has it"
		}
		switch {
		case reason == "":
			may = append(may, ip)
		case refused == nil:
			refused = &RefusedError{Host: host, IP: ip, Reason: reason}
		}
	}
	if len(may) == 0 {
		return nil, refused
	}
	return may, nil
}
