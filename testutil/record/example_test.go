package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-nomad/rpcproxy/testutil"
)

// A recording of a fake server.
func Example() {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer server.Stop(context.Background())
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	args := []string{"-servers", server.Addr(), "-out", dir, "-conversations", "ping"}
	if err := run(context.Background(), args, strings.NewReader(""), &bytes.Buffer{}); err != nil {
		panic(err)
	}
	recorded, err := testutil.LoadTranscript(filepath.Join(dir, "ping.json"))
	fmt.Println(recorded.Name, recorded.NomadVersion, len(recorded.Exchanges()), err)
	// Output: ping 2.0.6 4 <nil>
}
