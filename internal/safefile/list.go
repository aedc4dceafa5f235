package safefile

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// List returns the paths of the files below a directory, also of links to files; links to
// directories are not followed. There are at most most of them, or an error. It blocks no
// longer than Read does, and its error is like that of Read.
func List(ctx context.Context, dir string, most int) ([]string, error) {
	paths, err := apart(ctx, fileTime, func() (paths []string, err error) {
		err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case entry.IsDir():
				return nil
			}
			if entry.Type() == fs.ModeSymlink {
				if info, err := os.Stat(path); err == nil && info.IsDir() {
					return nil
				}
			}
			if len(paths) == most {
				return refusal{reason: fmt.Sprintf("there are more than %d files in it", most), advice: "is it the right directory?"}
			}
			paths = append(paths, path)
			return nil
		})
		return paths, err
	})
	return paths, at("read", dir, err)
}
