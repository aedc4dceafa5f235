// Package testsuite shows how the tests of an agent use package testutil: servers that speak
// the real protocol over real TCP, faults, and a check that no goroutine is left behind.
package testsuite
