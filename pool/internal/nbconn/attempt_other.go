//go:build !unix || blockingwrites

package nbconn

// canAttempt reports whether a write can be tried without waiting.
const canAttempt = false

// attempt is not called.
func attempt(uintptr, []byte) (int, error) { return 0, nil }
