//go:build !unix

package testutil

import "io"

// holdAddr cannot keep an address on this system. It answers nil.
func holdAddr(string) io.Closer { return nil }
