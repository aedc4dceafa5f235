package lastgood_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

var three = []string{"10.0.0.1:4647", "nomad.example.com:4647", "[::1]:4647"}

func saved(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "servers.json")
	if err := lastgood.Save(path, three); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASavedListIsLoadedAndOnlyItsOwnerMayReadIt(t *testing.T) {
	path := saved(t)
	got, err := lastgood.Load(context.Background(), path)
	if err != nil || !slices.Equal(got, three) {
		t.Fatalf("%v, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := lastgood.Save(path, three[:1]); err != nil {
		t.Fatal(err)
	}
	if got, err := lastgood.Load(context.Background(), path); err != nil || len(got) != 1 {
		t.Errorf("after a second list: %v, %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside the file lies %v, %v", left, err)
	}
}

func TestEveryDamageIsReported(t *testing.T) {
	path := saved(t)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(t *testing.T, text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := lastgood.Load(context.Background(), path)
		damaged, ok := errors.AsType[*lastgood.DamagedError](err)
		if !ok || got != nil || damaged.Path != path || !strings.Contains(err.Error(), path) {
			t.Errorf("%q gave %v, %v", text[:min(len(text), 60)], got, err)
		}
	}
	for n := range len(good) - 1 { // the last byte ends the line
		refused(t, good[:n])
	}
	at := bytes.Index(good, []byte("10.0.0.1"))
	for bit := range 8 {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << bit
		refused(t, bad)
	}
	refused(t, bytes.Replace(good, []byte(`"version": 1`), []byte(`"version": 2`), 1))
	refused(t, append([]byte("["), good...))
	refused(t, bytes.Repeat([]byte(" "), 1<<20+1))
}

func TestAListTooLongIsCutWhenItIsSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers.json")
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("host%d:4647", i)
	}
	if err := lastgood.Save(path, many); err != nil {
		t.Fatal(err)
	}
	if got, err := lastgood.Load(context.Background(), path); err != nil || !slices.Equal(got, many[:1024]) {
		t.Errorf("%d servers, %v", len(got), err)
	}
}

func TestAFailedSaveKeepsTheOldListAndLeavesNothingBehind(t *testing.T) {
	path := saved(t)
	dir := filepath.Dir(path)
	if err := lastgood.Save(filepath.Join(dir, "absent", "servers.json"), three); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a directory that does not exist: %v", err)
	}
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := lastgood.Save(taken, three); err == nil {
		t.Error("a directory was replaced")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("%d entries, %v; want the list and the directory", len(left), err)
	}
	if got, err := lastgood.Load(context.Background(), path); err != nil || !slices.Equal(got, three) {
		t.Errorf("%v, %v", got, err)
	}
}
