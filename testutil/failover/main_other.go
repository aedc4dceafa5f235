//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "failover: it takes Linux with its network namespaces to run this")
	os.Exit(2)
}
