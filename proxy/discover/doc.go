// Package discover puts several ways to find servers into one.
//
// A [Chain] asks its links in order, each within its own time: a fixed list, the
// servers that worked before the agent's last start, and the discoverers of the
// packages below this one. It is what proxy.Config.Discoverer takes.
//
//	dns.New, consul.New     in packages of their own: an agent links what it imports
//	Static, File            here; they cost nothing, so they are asked in every run
//
// A run ends with the first link that names a server the run before did not. So a
// link that only repeats what did not help gives way to the next one, and Consul
// is left alone as long as DNS has news.
package discover
