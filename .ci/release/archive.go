package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// archive writes what is for people who install by hand.
func (b *build) archive() error {
	program, err := b.programFile(filepath.Base(b.binary()))
	if err != nil {
		return err
	}
	texts, err := gather(os.DirFS(b.dir), map[string]string{
		"LICENSE": "", "README.md": "", "CHANGELOG.md": "", "docs/sidecar.md": "docs/", "docs/sidecar/*": "docs/sidecar/",
	})
	if err != nil {
		return err
	}
	pages, err := gather(os.DirFS(b.pages), map[string]string{"man/*": "man/", "completions/*": "completions/"})
	if err != nil {
		return err
	}
	all := slices.Concat([]file{program}, texts, pages)
	for i := range all {
		all[i].path = b.name() + "/" + all[i].path
	}
	if b.os == "windows" {
		return b.write(b.name()+".zip", func(w io.Writer) error { return writeZip(w, all, b.time) })
	}
	var plain bytes.Buffer
	if err := writeTar(&plain, all, b.time); err != nil {
		return err
	}
	data, err := compressed(plain.Bytes())
	if err != nil {
		return err
	}
	return b.write(b.name()+".tar.gz", func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// compressed is data as gzip -9n makes it.
func compressed(data []byte) ([]byte, error) {
	var to bytes.Buffer
	w, err := gzip.NewWriterLevel(&to, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return to.Bytes(), err
}

// write writes a file of the release.
func (b *build) write(name string, content func(io.Writer) error) error {
	var buffer bytes.Buffer
	if err := content(&buffer); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.to, name), buffer.Bytes(), 0o644)
}

// writeTar writes files, and the directories that they are in, all of them root's and of one time.
func writeTar(w io.Writer, all []file, t time.Time) error {
	out := tar.NewWriter(w)
	made := map[string]bool{".": true}
	var directory func(string) error
	directory = func(dir string) error {
		if made[dir] {
			return nil
		}
		if err := directory(path.Dir(dir)); err != nil {
			return err
		}
		made[dir] = true
		return out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: t, Format: tar.FormatUSTAR})
	}
	for _, f := range sorted(all) {
		if err := directory(path.Dir(f.path)); err != nil {
			return err
		}
		head := &tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: t, Format: tar.FormatUSTAR}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		if _, err := out.Write(f.data); err != nil {
			return err
		}
	}
	return out.Close()
}

func writeZip(w io.Writer, all []file, t time.Time) error {
	out := zip.NewWriter(w)
	for _, f := range sorted(all) {
		head := &zip.FileHeader{Name: f.path, Method: zip.Deflate, Modified: t}
		head.SetMode(f.mode)
		to, err := out.CreateHeader(head)
		if err != nil {
			return err
		}
		if _, err := to.Write(f.data); err != nil {
			return err
		}
	}
	return out.Close()
}

func sorted(all []file) []file {
	return slices.SortedFunc(slices.Values(all), func(a, b file) int { return strings.Compare(a.path, b.path) })
}
