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

// programs are the binaries of the workers.
type programs struct{ dir string }

// client is the path of a variant's.
func (p programs) client(v variant) string { return p.path(v.name) }

// server is the path of that of net/rpc and the floor.
func (p programs) server() string { return p.path("server") }

func (p programs) path(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(p.dir, name)
}

// build builds the workers of these variants into dir. It needs Go, and a checkout of this module
// around the working directory.
func build(ctx context.Context, dir string, chosen []variant) (programs, error) {
	p := programs{dir}
	root, err := command(ctx, "", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return p, fmt.Errorf("%w\nrun it within a checkout of %s", err, module)
	}
	if _, err := command(ctx, root, "build", "-o", p.server(), "./testutil/bench/server"); err != nil {
		return p, err
	}
	for _, v := range chosen {
		in, from := root, "./testutil/bench/client/"+v.name
		if v.peer {
			in, from = filepath.Join(root, "testutil", "peers"), "./bench"
		}
		if _, err := command(ctx, in, "build", "-o", p.client(v), from); err != nil {
			return p, err
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
