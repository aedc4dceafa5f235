package main

import (
	"fmt"
	"os"
)

// spareFiles are those that the rest of a setup needs.
const spareFiles = 64

// roomFor reports whether so many more files can be open at once. It opens them.
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

// capFloor leaves out the floor if it needs more sockets than can be open. All other
// entrants share a session.
func (c *call) capFloor(room func(files int) bool) (note string) {
	if files := 2 * c.callers; !room(files) {
		c.noFloor = true
		return "no floor: " + tooMany(files)
	}
	return ""
}

func tooMany(files int) string {
	return fmt.Sprintf("it needs %d open files, more than the system allows (ulimit -n)", files)
}
