// Package manpage makes man pages of commands, from the texts that --help prints.
package manpage
