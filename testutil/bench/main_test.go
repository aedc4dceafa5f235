package main

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) {
	idleProxies, idleSessions = 300, 150 // a mean of these is as good
	testutil.Main(m)
}
