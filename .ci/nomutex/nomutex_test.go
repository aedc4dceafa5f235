package main

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

// planted is testdata as analysistest wants it. The files end in .txt there, so
// that a search of the tree's Go code for locks finds none.
func planted(t *testing.T) string {
	t.Helper()
	files := map[string]string{}
	src := os.DirFS("testdata/src")
	err := fs.WalkDir(src, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(src, path)
		files[strings.TrimSuffix(path, ".txt")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	dir, remove, err := analysistest.WriteFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	return dir
}

func TestEveryPlantedLockIsReported(t *testing.T) {
	analysistest.Run(t, planted(t), Analyzer, "planted")
}

func TestOtherThingsOfPackageSyncAreFine(t *testing.T) {
	analysistest.Run(t, planted(t), Analyzer, "clean")
}
