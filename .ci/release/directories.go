package main

import (
	"path"
	"slices"
	"strings"

	packed "github.com/goreleaser/nfpm/v2/files"
)

// directories are those that only a package's own files are in: what rpm is not told that it has made, it does not
// remove. (dpkg knows of itself.)
func (b *build) directories(all []file) []*packed.Content {
	var own []string
	for _, f := range all {
		for dir := path.Dir(f.path); slices.Contains(strings.Split(dir, "/"), "rpcproxy"); dir = path.Dir(dir) {
			own = append(own, dir)
		}
	}
	slices.Sort(own)
	var contents []*packed.Content
	for _, dir := range slices.Compact(own) {
		contents = append(contents, &packed.Content{
			Destination: "/" + dir, Type: packed.TypeDir,
			FileInfo: &packed.ContentFileInfo{Owner: "root", Group: "root", Mode: 0o755, MTime: b.time},
		})
	}
	return contents
}
