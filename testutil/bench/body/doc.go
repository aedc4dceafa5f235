// Package body has calls whose arguments and replies are as those of Nomad's agents: a ping,
// a heartbeat, a list of 100 allocations, which is 64 KiB, and the registration of a job of
// 1 MiB. The types have the fields of Nomad 2.0.6 (nomad/structs/structs.go) that travel in
// such a call, the values are made up, and each time the same.
//
// [All] has them as [Call] values, for clients; [Status], [Node], [Alloc] and [Job] are the
// services of net/rpc that answer them. [Handle] is how Nomad sets up its codec.
package body
