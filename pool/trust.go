package pool

import (
	"crypto/x509"
	"slices"
)

// withdraws says whether c, nil for plain TCP, no longer trusts a server that the
// credentials before it did: by an authority that is gone, or another name to expect.
// What was made on them must end then. Other certificates of this side, and more
// authorities, withdraw nothing.
func (c *credentials) withdraws(before *credentials) bool {
	switch {
	case c == nil:
		return false // it trusts anybody
	case before == nil:
		return true // which trusted anybody
	case c.wanted != "" && c.wanted != before.wanted:
		return true
	}
	return slices.ContainsFunc(before.roots, func(root *x509.Certificate) bool {
		return !slices.ContainsFunc(c.roots, root.Equal)
	})
}
