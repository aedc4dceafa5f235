package safefile

import (
	"io/fs"
	"os"
)

const (
	modes       = false // access lists decide, and are not looked at
	superuser   = 0
	renamedOpen = false

	notBlocking = 0
	notLink     = 0
)

// user is not known as a number.
func user() int { return -1 }

// owner is not known.
func owner(fs.FileInfo) int { return -1 }

// lock does nothing: a file that is open cannot be removed here.
func lock(*os.File) error { return nil }

// settle does nothing: a directory cannot be synced here.
func settle(string) error { return nil }
