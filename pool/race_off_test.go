//go:build !race

package pool_test

// raced reports whether the race detector is on. It has pools drop their contents.
const raced = false
