// Package muxtest has a connection that follows a script, and yamux frames by their
// fields, for the tests of packages that put something between the two. It states the
// wire format by itself and does not import the package that it helps to test.
package muxtest
