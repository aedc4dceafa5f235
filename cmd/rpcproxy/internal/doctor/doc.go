// Package doctor finds out what is wrong between this machine and the servers of a
// cluster: of each server the first layer that does not work, from its name to its calls,
// and above these all that is amiss, each with what to do about it.
//
// It has two halves. [Run] looks: it fills an [Observation], all servers at once, within
// bounded time, and blames nothing. [Judge] is pure: it makes a [Report] of an observation.
// So every sentence can be tried without a network, and every way to look with real packets.
//
// What servers are asked: Status.Ping, and Status.Leader and Status.Peers with AllowStale,
// which each answers by itself at once, also without a leader and without a token;
// Status.Members, which wants node:read where there are ACLs (recordings ping and
// no_leader; Nomad 2.0.6, nomad/status_endpoint.go). No call says what time it is at a
// server: that is read off the Date of its HTTP API, if it answers from here.
package doctor
