package main

import (
	"context"
	"os"
)

// The names of scenarios; without -list they are run.
func Example() {
	run(context.Background(), []string{"-list", "-only", "^frames/a good server$"}, os.Stdout, os.Stderr)
	// Output: frames/a good server
}
