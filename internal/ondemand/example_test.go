package ondemand_test

import (
	"fmt"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/ondemand"
)

func Example() {
	var seldom atomic.Pointer[chan string]
	create := func() *chan string {
		c := make(chan string, 1)
		return &c
	}
	fmt.Println(seldom.Load() == nil)
	*ondemand.Get(&seldom, create) <- "something"
	fmt.Println(<-*ondemand.Get(&seldom, create))
	// Output:
	// true
	// something
}
