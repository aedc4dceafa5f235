package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestAFailoverAppearsOnTheTerminal(t *testing.T) {
	c := startCluster(t)
	x := startOnTerminal(t, 80, 24, nil, "watch", "--servers", strings.Join(c.Addrs(), ","), "--interval", "100ms", ample)
	x.sees("in front for", "leader 127.0.0.1:", "3 servers", "SERVER", "q quit")
	fmt.Fprintln(os.Stderr, x.screen())
	front := ""
	for line := range strings.Lines(x.screen()) {
		if f := strings.Fields(line); len(f) > 2 && strings.Contains(line, "in front  ") {
			front = f[0]
			if front == ">" {
				front = f[1]
			}
		}
	}
	for i, s := range c.Servers() {
		if s.Addr() == front {
			c.Kill(i)
		}
	}
	fmt.Fprintln(os.Stderr, x.sees("failing over "+front+" -> ", "1 failed"))
	x.types("e")
	fmt.Fprintln(os.Stderr, x.sees("why 127"))
	x.types("e?")
	fmt.Fprintln(os.Stderr, x.sees("rpcproxy watch, "))
	x.types("?q")
	fmt.Fprintln(os.Stderr, <-x.ended)
	fmt.Fprintln(os.Stderr, x.screen())
}
