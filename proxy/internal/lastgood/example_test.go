package lastgood_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

func Example() {
	dir, err := os.MkdirTemp("", "lastgood")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "servers.json")

	_, err = lastgood.Load(context.Background(), path)
	fmt.Println("at first:", errors.Is(err, fs.ErrNotExist))
	fmt.Println(lastgood.Save(path, []string{"10.0.0.1:4647", "10.0.0.2:4647"}))
	fmt.Println(lastgood.Load(context.Background(), path))
	// Output:
	// at first: true
	// <nil>
	// [10.0.0.1:4647 10.0.0.2:4647] <nil>
}
