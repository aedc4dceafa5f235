package status

import (
	"net/http"
	"time"
)

// patient writes to a client, and waits for it so long: a client that reads more slowly than
// piece per patience is left. Where the server cannot limit a write it is not limited.
type patient struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	err error // the first one
}

const (
	piece    = 32 << 10
	patience = 10 * time.Second
)

func newPatient(w http.ResponseWriter) *patient {
	return &patient{w: w, rc: http.NewResponseController(w)}
}

// Write writes all of b, or fails.
func (p *patient) Write(b []byte) (n int, err error) {
	for len(b) > 0 && p.err == nil {
		_ = p.extend() // a server that cannot is that of its maker
		part := b[:min(len(b), piece)]
		var wrote int
		wrote, p.err = p.w.Write(part)
		n, b = n+wrote, b[min(wrote, len(b)):]
	}
	return n, p.err
}

// extend gives the client more time.
func (p *patient) extend() error { return p.rc.SetWriteDeadline(time.Now().Add(patience)) }

// flush sends what was written.
func (p *patient) flush() error {
	if p.err == nil {
		p.err = p.rc.Flush()
	}
	return p.err
}
