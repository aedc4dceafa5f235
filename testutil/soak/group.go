package main

// group is a sort of calls, counted by itself.
type group uint8

const (
	echo       group = iota // Echo.Echo, idempotent
	count                   // Echo.Count, idempotent
	atMostOnce              // Echo.Count, never to be executed twice
	heartbeat               // Node.Register and Node.UpdateStatus
	query                   // Node.GetClientAllocs, blocking
	groups                  // how many there are
)

func (g group) String() string {
	return [...]string{"echo", "count", "at most once", "heartbeat", "blocking query"}[g]
}
