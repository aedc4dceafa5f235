// Command quickstart asks a cluster for its leader: the shortest program that works.
//
//	go run ./examples/quickstart 10.0.0.1 10.0.0.2
package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	addr, err := leader(ctx, os.Args[1:]...)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
	fmt.Printf("the leader is %+.300q\n", addr) // quoted, and cut: it is a server's word
}
