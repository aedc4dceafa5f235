// Command soak calls a cluster for a long time while its servers fail, and
// checks every call. It needs nothing but itself:
//
//	go run ./testutil/soak -duration 10m
//
// # What happens
//
// Five servers of package testutil, one proxy, all in this process. Once a second
// one server without a fault is given one, of a random kind and for a random
// time. At any time at least one server has no fault and a majority is alive. The
// plan of the faults depends on the seed alone, which is printed; how they meet
// the calls does not.
//
// # The callers
//
//	echo            Echo.Echo with 16 B to 256 KiB, idempotent
//	count           Echo.Count, idempotent
//	at most once    Echo.Count, not to be executed twice
//	heartbeat       Node.Register and Node.UpdateStatus, when the TTL is over
//	blocking query  Node.GetClientAllocs, one always pending
//
// Each call has 30 s. The pool gives a server that lives and does not answer 3 s.
//
// # What must hold
//
// A breach of any of these is described in full, the first few of each sort, together
// with the faults that were in force:
//
//	lost         an idempotent call failed
//	duplicated   an at-most-once call was executed twice
//	mislabelled  a call that failed as not sent or rejected was executed, one that
//	             succeeded was not, or an error does not say what may have happened
//	corrupted    an answer is damaged, or another call's
//	late         a heartbeat came after TTL and grace were over
//	overstayed   a call ended 5 s after its deadline, or later
//	unexplained  more answers could not be read than faults account for
//	leaked       goroutines are left when all is stopped
//	swollen      the heap is over 1.5 times what it was before the middle, plus
//	             8 MiB (only in a soak of 55 s or more: before, it has not filled)
//	derailed     the command itself does not work
//
// Late and overstayed leave out the time in which the machine did not run the
// command.
//
// An answer that is well formed and of the wrong type, or announces gigabytes,
// ends its call of either class: the server has answered. Only some faults
// give such answers, to a number of requests that is known.
//
// Executions are compared with a call's outcome some time after its end, because
// a server that was frozen executes late; then the call is forgotten, so that
// the command does not grow with its duration.
//
// # Exit codes
//
// 0 if all conditions held, 1 if not, 2 if it could not run. -json reports on one
// line.
package main
