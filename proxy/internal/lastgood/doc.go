// Package lastgood keeps the list of servers that worked in a file, so that an
// agent that starts while its configuration is out of date finds its cluster.
//
// The file is written beside its place and renamed into it, so a crash leaves the
// old list or the new one. What was damaged by something else is told from a list
// by its checksum.
package lastgood
