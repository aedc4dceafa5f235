package main

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }
