//go:build !(linux && (amd64 || arm64))

package testutil

// shareAddr does nothing: an address is reserved only while there is no listener.
func shareAddr(uintptr) error { return nil }
