//go:build !race

package pool_test

// raced says that the race detector is on. It has pools drop what they hold.
const raced = false
