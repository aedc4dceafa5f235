package apart

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const module = "github.com/open-nomad/rpcproxy"

// Programs are the binaries of the workers.
type Programs struct {
	dir      string
	variants []variant
}

// client is the path of a variant's.
func (p *Programs) client(v variant) string { return p.path(v.name) }

// server is the path of that of net/rpc and the floor.
func (p *Programs) server() string { return p.path("server") }

func (p *Programs) path(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(p.dir, name)
}

// Build builds the workers for clients of these names, or for all, into dir, which the caller owns
// and which must stay while they run. It blocks for the seconds that this takes, or until ctx ends.
// It needs Go, and a checkout of this module around the working directory. The error is a
// *NoSuchClientError, or that of Go.
func Build(ctx context.Context, dir string, clients ...string) (*Programs, error) {
	chosen, err := choose(clients)
	if err != nil {
		return nil, err
	}
	p := &Programs{dir, chosen}
	root, err := command(ctx, "", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return nil, fmt.Errorf("%w\nrun it within a checkout of %s", err, module)
	}
	if _, err := command(ctx, root, "build", "-o", p.server(), "./testutil/bench/server"); err != nil {
		return nil, err
	}
	for _, v := range chosen {
		in, from := root, "./testutil/bench/client/"+v.name
		if v.peer {
			in, from = filepath.Join(root, "testutil", "peers"), "./bench"
		}
		if _, err := command(ctx, in, "build", "-o", p.client(v), from); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// command runs Go in dir and returns what it printed.
func command(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, cmp.Or(os.Getenv("GO"), "go"), args...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return string(bytes.TrimSpace(out)), nil
}
