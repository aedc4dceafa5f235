// Package safefile reads and replaces small files whose names came from a configuration,
// a command line or an environment, and may lead anywhere.
//
// [Read] takes regular files only, and links to them; it opens without blocking, looks at
// what it has opened, reads no more than a limit, and waits for no file system that does
// not answer. [Replace] puts a whole file in place of another, and leaves nothing else
// behind, also where an earlier process was killed while it did so.
package safefile
