// Package count counts what happens over the time of a simulation: a number for each
// second, and the peaks of all windows of 100 ms, 1 s and 10 s.
package count
