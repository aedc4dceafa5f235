// Package path is a long way to a server on this machine: a relay over loopback whose bytes take
// their time, at the rate of a line.
package path
