package main

import (
	"os"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// TestMain plays a role if the tests, being the rig, have started themselves again.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		os.Exit(playRole(role))
	}
	testutil.Main(m)
}
