package main

import (
	"fmt"
	"os"
)

// resident is how much of the machine's memory the process has, in bytes; 0 where the system does
// not tell as Linux does.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	var size, pages int
	if err != nil {
		return 0
	}
	if n, _ := fmt.Sscan(string(text), &size, &pages); n < 2 {
		return 0
	}
	return float64(pages * os.Getpagesize())
}
