// Package contain calls code of others (an error's methods, hooks, observers, writers of
// logs) so that its panic ends neither the goroutine of the caller nor the process.
package contain
