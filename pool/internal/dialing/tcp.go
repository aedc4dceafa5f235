package dialing

import (
	"net"
	"time"
)

// unsentLimit is how long the kernel keeps sending bytes that the peer does not
// acknowledge before it gives the connection up. It backs the pool's own detection, which
// is faster, on connections that no call waits for.
const unsentLimit = 15 * time.Second

// NewDialer is TCP without the kernel's keepalive: whether a connection works is found out
// when it is used.
func NewDialer() *net.Dialer {
	return &net.Dialer{KeepAlive: -1, Control: limitUnsent}
}
