package main

import "fmt"

func Example() {
	addrs, stop, err := start()
	if err != nil {
		panic(err)
	}
	fmt.Println(len(addrs), stop())
	// Output: 2 <nil>
}
