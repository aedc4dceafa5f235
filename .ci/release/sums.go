package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// writeSums writes the SHA-256 of every file of the directory, as sha256sum -c reads it.
func writeSums(dir string) error {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, entry := range entries {
		if entry.Name() == sums {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(data), entry.Name())
	}
	fmt.Print(lines.String())
	return os.WriteFile(filepath.Join(dir, sums), lines.Bytes(), 0o644)
}
