// Package script reads scenarios: what a fleet is, what happens to it, and what must come
// out, as text with one statement a line. It knows no simulation; package fleet runs what
// comes out here.
//
//	# What it is for: the first comment.
//	clients 100k as 1000                  # 1,000 are simulated, as a sample
//	servers 5 handshakes 1000/s rtt 1ms
//	at 10s kill 1
//	expect outage <= 10s
//
// # The grammar
//
// A line is one statement; what follows # is a comment. In what follows, [x] may be left
// out, x... is several with commas, and words in capitals stand for values. N is a whole
// number, such as 10000, 10,000, 100k or 1M; R one a second, such as 1000/s; P percent, such
// as 50%; T a time, such as 500ms, 40s or 1h30m. Servers (S) are numbers from 1, several with
// commas, or all. A POLICY is shuffle, rendezvous, seat or stock.
//
// The fleet:
//
//	clients N [as N] [POLICY]     how many; how many of them are simulated; the only policy that is run
//	nat N                         so many clients have one address
//	servers N [handshakes R] [backlog N] [connections N] [per-address N] [service T] [rtt T]
//	                              how many; what one does in a second, what waits for it, what
//	                              it has at most, how long it works on a request
//	rtt T [for P of clients]      the round trip time; also as the end of servers
//	zones N rtt T...              clients and servers are in zones by turns: within one, to the next one, ...
//	balancer                      clients know one address, which leads to the servers by turns
//	dns [takes T] [answers R]     clients know servers by name
//	discovery [takes T] [answers R]   clients ask Consul for servers
//	heartbeats R | heartbeats none    that the cluster grants; none: they stop when the run begins
//	ttl T                         the least that is granted
//	forget after T                heartbeats name a server no longer that is away for so long
//
// The run:
//
//	start over T                  clients start over this time, from the beginning of the warm-up on
//	warm T                        before the run; what happens then is not counted
//	for T                         the run
//	seed N                        of chance
//
// What happens, at times of the run:
//
//	at T kill S                   the process dies          at T start S
//	at T freeze S                 silent; connections stay  at T thaw S
//	at T hang S                   answers pings only        at T unhang S
//	at T cut P of clients from S  for these it is silent    at T heal S
//	at T slow S T                 answers take longer by T  at T slow S 0s
//	at T leaderless S             it knows no leader        at T led S
//	at T unname S                 heartbeats leave it out   at T name S
//	at T join S                   a new server: it was not there before; has the highest number
//	at T leave S                  it leaves the cluster, and stops
//	at T minority                 a majority dies; those left have no leader
//	at T dns fails                no answer                 at T dns answers
//	at T discovery fails          no answer                 at T discovery answers
//	roll every T down T [from T]  all servers, one after the other; from 10s
//	outage T [from T]             all servers die and come back together; from 10s
//
// A restart ends freeze and hang; it does not end cut, slow and leaderless. Heartbeats name a
// server again that starts, thaws or joins.
//
// What must come out:
//
//	expect FIGURE OP VALUE [within P] [after T] [before T] [of POLICY...]
//
// OP is <=, <, >=, > or =; VALUE is a number, a time, P of the clients, or a policy: the
// figure is then compared with that of the same run with this policy. It is about every
// policy that is run but stock, unless it says of which. Figures are the caller's of [Parse].
//
// A line that begins with short counts only in the short form of the scenario, which
// continuous integration runs, and one with long only in the other. Where a scenario has one
// statement of a kind, the line of the form takes the place of the line of both.
//
// What a scenario may have at most is in the constants of this package.
package script
