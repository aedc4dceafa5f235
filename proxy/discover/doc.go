// Package discover combines several ways to find servers.
//
// A [Chain] asks its links in order, each within its own time: a fixed list, the
// servers that worked before the agent's last start, and the discoverers of the
// packages below this one. It is for proxy.Config.Discoverer.
//
//	dns.New, consul.New     in packages of their own: an agent links what it imports
//	Static, File            here; they ask no other machine, so every run has them
//
// A run ends with the first link that found an address. A run that follows within two
// minutes, because those addresses did not help, goes on to a later link. So a registry
// that is out of date gives way to the next one, and Consul is not asked in good times if
// DNS has servers.
package discover
