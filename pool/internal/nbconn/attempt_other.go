//go:build !unix || blockingwrites

package nbconn

// canAttempt reports whether a write can be tried without waiting.
const canAttempt = false

// attempt is not called.
func attempt(uintptr, []byte) (int, error) { return 0, nil }

// attemptRead is not called.
func attemptRead(uintptr, []byte) (int, bool, error) { return 0, true, nil }
