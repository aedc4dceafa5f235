// Command bench measures what the proxy costs, compared with a plain way to do the same and
// the least it could cost:
//
//	go run ./testutil/bench
//	go run ./testutil/bench -only '^call/tcp/64B' -rounds 20
//	go run ./testutil/bench -curves -only callers
//	go run ./testutil/bench -json | jq '.[] | {work, ratio_to_baseline}'
//	go run ./testutil/bench -only '^client/heartbeat' -clients ours,stock
//
// The works client/... are calls as agents make them, to a server of net/rpc as Nomad's, by
// clients in processes of their own (package apart, docs/bench.md). They are built first, so it
// must run within a checkout. -cpuprofile writes CPU profiles of these clients. large/... are the
// same with bodies of up to 16 MiB, and far/... over a path of 20 ms there and back.
//
// Of all other works, all servers run in this process, on loopback. The default run takes ten
// minutes, most of it for these. Times are those of this machine; the ratios say more.
//
// Such a work has entrants: ours, the baseline, the floor and, where it makes a
// difference, ours against the server of the baseline. They alternate in rounds,
// each of which begins with another entrant, so that a slow moment of the machine is
// shared by all. A ratio is taken within a round.
//
// With -curves it measures how costs grow with callers, servers, message size and
// sessions: growth is the cost relative to that of the first point and, in brackets,
// relative to linear growth.
//
// # Exit codes
//
// 0 if all was measured, 1 if something failed, 2 for bad usage, 130 if interrupted.
package main
