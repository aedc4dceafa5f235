// Package lastgood keeps the list of servers that worked in a file, so that an
// agent that starts while its configuration is out of date finds its cluster.
//
// Package safefile reads and replaces the file, so a crash leaves the old list or the new
// one, and what somebody else may have written is no list. What was damaged by something
// else is distinguished from a list by its checksum.
package lastgood
