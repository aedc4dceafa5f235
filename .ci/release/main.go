// Command release makes what is published of a version: archives for each platform, packages for Debian and Fedora,
// images for containers, bills of materials and checksums, in one directory. It takes what is committed, and
// nothing else: the same commit gives the same bytes, wherever and whenever it is built with one version of Go.
//
//	go run . [-snapshot] [-platforms linux/amd64,...] REPOSITORY DIRECTORY
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// every has the platforms of a release.
const every = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	snapshot := flag.Bool("snapshot", false, "also a commit without a tag, and beside changes that are not committed")
	platforms := flag.String("platforms", every, "platforms, with commas between")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: release [-snapshot] [-platforms OS/ARCH,...] REPOSITORY DIRECTORY")
		os.Exit(2)
	}
	if err := release(flag.Arg(0), flag.Arg(1), *snapshot, *platforms); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release fills the directory anew. One whose SHA256SUMS is empty was not finished.
func release(repository, to string, snapshot bool, platforms string) error {
	if err := refuse(to, repository); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	src, err := takeSource(repository, filepath.Join(work, "source"), snapshot)
	if err != nil {
		return err
	}
	if err := begin(to, repository); err != nil {
		return err
	}
	pages := filepath.Join(work, "pages")
	if err := src.writePages(pages); err != nil {
		return err
	}
	for platform := range strings.SplitSeq(platforms, ",") {
		b := &build{source: src, pages: pages, work: filepath.Join(work, platform), to: to}
		b.os, b.arch, _ = strings.Cut(platform, "/")
		if err := b.all(); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
	}
	return writeSums(to)
}

// all makes everything for one platform.
func (b *build) all() error {
	if err := b.program(); err != nil {
		return err
	}
	steps := []func() error{b.bill, b.archive}
	if b.os == "linux" {
		steps = append(steps, b.image, b.deb, b.rpm)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
