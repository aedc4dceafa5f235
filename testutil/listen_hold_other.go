//go:build !unix

package testutil

import "io"

// holdAddr cannot keep an address on this system. It returns nil.
func holdAddr(string) io.Closer { return nil }
