// Package sessiontest has networks for the tests of sessions and of what is above them.
package sessiontest
