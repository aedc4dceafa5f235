//go:build !linux

package admit

import "net"

// ownersKnown is whether the owner of a socket can be asked for.
const ownersKnown = false

// lookUp is not called.
func lookUp(net.Conn) (uint32, *RefusedError) { return 0, &RefusedError{Reason: reasonSystem} }
