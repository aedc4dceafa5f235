package pool

import (
	"net"
	"time"
)

// unsentLimit is how long the kernel keeps sending what the peer does not
// acknowledge before it gives the connection up. It backs the pool's own
// detection, which is faster, on connections that no call waits for.
const unsentLimit = 15 * time.Second

// newDialer is TCP without the kernel's keepalive: whether a connection that
// nobody uses still works is nobody's business until somebody does.
func newDialer() *net.Dialer {
	return &net.Dialer{KeepAlive: -1, Control: limitUnsent}
}
