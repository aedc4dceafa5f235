package main

import (
	"debug/buildinfo"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// build makes what is for one platform.
type build struct {
	*source
	pages    string // man pages in man, completions in completions
	work, to string
	os, arch string
}

// file is one of an archive, an image or a package.
type file struct {
	path string // where it goes, without a leading slash
	mode fs.FileMode
	data []byte
}

// same is what a build must not take from its surroundings.
var same = []string{
	"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off", "GOAMD64=v1", "GOARM64=v8.0", "GODEBUG=", "LC_ALL=C",
}

// program builds the program, and sees that it says which version it is.
func (b *build) program() error {
	env := append(slices.Clone(same), "GOOS="+b.os, "GOARCH="+b.arch)
	if _, err := runWith(env, b.dir, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", b.binary(), "./cmd/rpcproxy"); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(b.binary())
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["vcs.revision"] != b.commit || settings["vcs.modified"] != "false" {
		return fmt.Errorf("the program is not of commit %s: %q", b.commit, settings)
	}
	if b.tagged && info.Main.Version != "v"+b.version {
		return fmt.Errorf("the program says it is %s, not v%s", info.Main.Version, b.version)
	}
	return nil
}

func (b *build) binary() string {
	name := "rpcproxy"
	if b.os == "windows" {
		name += ".exe"
	}
	return filepath.Join(b.work, name)
}

// name is that of everything for one platform, but of packages.
func (b *build) name() string { return "rpcproxy_" + b.version + "_" + b.os + "_" + b.arch }

// programFile is the program, to be put somewhere.
func (b *build) programFile(path string) (file, error) {
	data, err := os.ReadFile(b.binary())
	return file{path, 0o755, data}, err
}

// files are those of a directory of fsys that match a pattern, to be put into another one.
func files(fsys fs.FS, pattern, to string) ([]file, error) {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no %s", pattern)
	}
	var all []file
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		all = append(all, file{to + filepath.Base(name), 0o644, data})
	}
	return all, nil
}

// gather puts what several patterns name where they say.
func gather(fsys fs.FS, patterns map[string]string) ([]file, error) {
	var all []file
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		some, err := files(fsys, pattern, patterns[pattern])
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// writePages has man pages and completions written, which come from the commands' own texts.
func (s *source) writePages(to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	_, err := runWith(same, s.dir, "go", "test", "-trimpath", "-vet=off", "-count=1", "-run", "^TestEachCommandHasAManPage$",
		"./cmd/rpcproxy", "-pages", to, "-pages-date", s.time.Format("2006-01-02"), "-pages-version", s.version)
	return err
}
