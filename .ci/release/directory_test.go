package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put makes files, and their directories; a name that ends in / is a directory.
func put(t *testing.T, dir string, names ...string) string {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		var err error
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("kept"), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNothingIsRemovedThatIsNoRelease(t *testing.T) {
	top := t.TempDir()
	home := put(t, top, "users/me/")
	t.Setenv("HOME", filepath.Join(home, "users/me"))
	repository := put(t, filepath.Join(top, "clones/repository"), "go.mod")
	if err := os.Symlink(put(t, filepath.Join(top, "former"), sums), filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(repository, filepath.Join(top, "other-name")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dir, says string }{
		"the root":                {"/", "is the root directory"},
		"the home":                {filepath.Join(top, "users/me"), "is the home directory"},
		"above the home":          {filepath.Join(top, "users"), "has the home directory in it"},
		"the repository":          {repository, "is the repository"},
		"another way to it":       {filepath.Join(top, "other-name") + "/.", "is the repository"},
		"above the repository":    {filepath.Join(top, "clones"), "has the repository in it"},
		"a file":                  {put(t, top, "file") + "/file", "is not a directory"},
		"a link":                  {filepath.Join(top, "link"), "is a link"},
		"below a file":            {filepath.Join(top, "file/below"), "cannot be looked at"},
		"one's own files":         {put(t, filepath.Join(top, "thesis"), "chapter.txt"), `has "chapter.txt", which no release makes`},
		"its own beside sums":     {put(t, filepath.Join(top, "mixed"), sums, "chapter.txt"), `has "chapter.txt"`},
		"a name to be escaped":    {put(t, filepath.Join(top, "odd"), "a\x1b[2J"), `has "a\x1b[2J"`},
		"a directory in it":       {put(t, filepath.Join(top, "deep"), sums, "rpcproxy_1.0.0/chapter.txt"), `has "rpcproxy_1.0.0"`},
		"downloads without sums":  {put(t, filepath.Join(top, "downloads"), "rpcproxy_1.0.0_amd64.deb"), "no SHA256SUMS"},
		"sums that are no file":   {put(t, filepath.Join(top, "sums"), sums+"/"), `has "SHA256SUMS"`},
		"a repository with files": {put(t, filepath.Join(top, "other"), ".git/config", sums), `has ".git"`},
	} {
		err := begin(c.dir, repository)
		refused, ok := errors.AsType[*DirectoryError](err)
		if !ok || refused.Path != c.dir || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "RELEASE=") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, kept := range []string{"thesis/chapter.txt", "mixed/chapter.txt", "deep/rpcproxy_1.0.0/chapter.txt", "downloads/rpcproxy_1.0.0_amd64.deb", "other/.git/config", "former/" + sums, "file"} {
		if text, err := os.ReadFile(filepath.Join(top, kept)); err != nil || string(text) != "kept" {
			t.Errorf("%s: %q, %v", kept, text, err)
		}
	}
}

func TestAFormerReleaseIsReplaced(t *testing.T) {
	top := t.TempDir()
	t.Setenv("HOME", put(t, filepath.Join(top, "home"), "x"))
	repository := put(t, filepath.Join(top, "repository"), "go.mod")
	for name, dir := range map[string]string{
		"new":               filepath.Join(top, "a/b"),
		"in the repository": filepath.Join(repository, "bin/release"),
		"empty":             put(t, filepath.Join(top, "empty"), "./"),
		"a former one":      put(t, filepath.Join(top, "former"), sums, "rpcproxy_0.9.0_amd64.deb", "rpcproxy-0.9.0-1.x86_64.rpm"),
	} {
		for range 2 { // the second time it is one that was not finished
			if err := begin(dir, repository); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 || entries[0].Name() != sums {
				t.Errorf("%s: has %v, %v", name, entries, err)
			}
			put(t, dir, "rpcproxy_1.0.0_linux_amd64.tar.gz")
		}
		if err := writeSums(dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text, err := os.ReadFile(filepath.Join(dir, sums))
		if err != nil || !strings.HasSuffix(string(text), "  rpcproxy_1.0.0_linux_amd64.tar.gz\n") || strings.Count(string(text), "\n") != 1 {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}
