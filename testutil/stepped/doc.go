// Package stepped makes times as a process reads them while the clock of its machine is set
// forward and back: the wall clock jumps, the monotonic clock goes on. What measures a
// duration with them must not notice.
package stepped
