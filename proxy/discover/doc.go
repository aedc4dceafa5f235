// Package discover puts several ways to find servers into one.
//
// A [Chain] asks its links in order, each within its own time: a fixed list, the
// servers that worked before the agent's last start, and the discoverers of the
// packages below this one. It is what proxy.Config.Discoverer takes.
//
//	dns.New, consul.New     in packages of their own: an agent links what it imports
//	Static, File            here; they cost nothing, so they are asked in every run
//
// A run ends with the first link that found anything. One that follows within two
// minutes, because that did not help, goes on to a later link; so a registry that is
// out of date, whatever it answers, gives way to the next one, and in good times
// Consul is left alone if DNS has servers.
package discover
