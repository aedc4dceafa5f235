//go:build unix && !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package safefile

import (
	"errors"
	"os"
)

// lock fails: what was left behind cannot be told from what is being written.
func lock(*os.File) error { return errors.ErrUnsupported }
