//go:build !unix

package demo

import "os"

// width is not known here.
func width(*os.File) int { return 0 }
