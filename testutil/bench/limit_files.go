package bench

import (
	"fmt"
	"os"
)

// spareFiles are those that the rest of a field needs.
const spareFiles = 64

// roomFor says whether so many more files can be open at once. It opens them.
func roomFor(files int) bool {
	var all []*os.File
	defer func() {
		for _, f := range all {
			_ = f.Close() // nothing was written
		}
	}()
	for len(all) < files+spareFiles {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return false
		}
		all = append(all, f)
	}
	return true
}

// capFloor leaves out the floor if it needs more sockets than can be opened. All
// other entrants share a session.
func (u *unary) capFloor(room func(files int) bool) (note string) {
	if files := 2 * u.callers; !room(files) {
		u.noFloor = true
		return "no floor: " + tooMany(files)
	}
	return ""
}

func tooMany(files int) string {
	return fmt.Sprintf("it needs %d open files, more than the system allows (ulimit -n)", files)
}
