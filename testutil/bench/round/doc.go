// Package round measures work in rounds of some time: how long an operation takes, with its
// 99th percentile, the CPU time of this process, and its allocations. [Peak] is the most
// memory that the process has had.
package round
