//go:build !linux

package dialing

import "syscall"

// limitUnsent does nothing: this platform has no such limit, or no name for it.
func limitUnsent(_, _ string, _ syscall.RawConn) error { return nil }
