package main

import "fmt"

func Example() {
	only := call{size: 4 << 10, callers: 16}
	fmt.Println(only.name())
	// Output: call/tcp/4KiB/16
}
