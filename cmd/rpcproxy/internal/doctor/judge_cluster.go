package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// opinions are what most servers say. Empty: nobody says anything.
type opinions struct {
	leader string
	peers  string // a key, see joined
	build  string
	owner  map[string]string // of an advertised address: the server, as given
	given  map[string]bool   // addresses that were given, or that a name led to
}

// confer compares what the servers say.
func (j *judge) confer() {
	var leaders, peers, builds []string
	j.owner, j.given = owners(j.o.Servers)
	for _, s := range j.o.Servers {
		if a := s.Answers; a != nil {
			leaders = append(leaders, a.Leader)
			if a.PeersFault.Kind == None {
				peers = append(peers, joined(a.Peers))
			}
			if own, ok := a.self(); ok {
				builds = append(builds, own.Build)
			}
		}
	}
	j.leader, j.peers, j.build = commonest(leaders), commonest(peers), commonest(builds)
}

// owners are the servers that advertise an address, by themselves, and the addresses that are
// looked at anyway.
func owners(servers []Seen) (owner map[string]string, given map[string]bool) {
	owner, given = map[string]string{}, map[string]bool{}
	for _, s := range servers {
		given[s.Server] = true
		for _, r := range s.Routes {
			given[r.Addr] = true
		}
		if s.Answers != nil {
			if own, ok := s.Answers.self(); ok && own.Advertises != "" {
				owner[own.Advertises] = s.Server
			}
		}
	}
	return owner, given
}

// unknown are the addresses of servers that the given ones name, without these, in order.
func unknown(servers []Seen) []string {
	_, given := owners(servers)
	found := map[string]bool{}
	for _, s := range servers {
		if s.Answers == nil {
			continue
		}
		for _, peer := range s.Answers.Peers {
			found[peer] = true
		}
		if own, ok := s.Answers.self(); ok && own.Advertises != "" {
			found[own.Advertises] = true
		}
	}
	maps.DeleteFunc(found, func(addr string, _ bool) bool { return given[addr] })
	addrs := slices.Sorted(maps.Keys(found))
	return addrs[:min(len(addrs), maxElsewhere)]
}

// maxElsewhere bounds the addresses that are dialed because servers name them.
const maxElsewhere = 32

// commonest is the text that most have, the first by the alphabet among equals. Empty ones do
// not count.
func commonest(texts []string) (most string) {
	count := map[string]int{}
	for _, text := range texts {
		count[text]++
	}
	delete(count, "")
	for _, text := range slices.Sorted(maps.Keys(count)) {
		if count[text] > count[most] {
			most = text
		}
	}
	return most
}

// joined is a set of addresses as one text.
func joined(addrs []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(addrs))), ", ")
}

// answers judges what a server says of its cluster.
func (j *judge) answers(row *Row, s *Seen) {
	a := s.Answers
	own, known := a.self()
	j.leading(row, s, own)
	j.region(row, a)
	j.acl(row, a)
	j.peering(row, a)
	if known {
		j.running(row, own.Build)
		j.advertised(row, s, own)
	}
}

// leading judges who leads, as the server sees it.
func (j *judge) leading(row *Row, s *Seen, own Member) {
	switch a := s.Answers; {
	case a.LeaderFault.Kind == NoRegionPath: // region says it
	case a.LeaderFault.Kind != None:
		row.bad("leader", "look at the server's log", "Status.Leader fails: %s", a.LeaderFault.Text)
	case a.Leader == "":
		row.bad("leader", "see that most servers run and reach each other", "it knows no leader")
	case a.Leader != j.leader:
		row.bad("leader", "see that the servers reach each other, and belong to one cluster", "it takes %s for the leader, others %s", a.Leader, j.leader)
	case a.Leader == own.Advertises || a.Leader == s.Server:
		row.good("leader", "*")
	default:
		row.good("leader", "%s", a.Leader)
	}
}

func (j *judge) region(row *Row, a *Answers) {
	switch refused := a.LeaderFault.Kind == NoRegionPath || a.PeersFault.Kind == NoRegionPath; {
	case a.Region != "" && a.Region != j.e.Region:
		row.bad("region", "set NOMAD_REGION="+a.Region+", or give servers of "+j.e.Region, "it is of region %s, not of %s", a.Region, j.e.Region)
	case refused:
		row.bad("region", "set NOMAD_REGION to the region of these servers", "it knows no region %s", j.e.Region)
	default:
		row.good("region", "ok")
	}
}

// acl judges the token. Without one it is no finding that members are not shown: agents have
// none of their own.
func (j *judge) acl(row *Row, a *Answers) {
	switch f := a.MembersFault; {
	case f.Kind == None && j.e.Token:
		row.good("acl", "ok")
	case f.Kind == Denied && j.e.Token:
		row.bad("acl", "check NOMAD_TOKEN or --token-file", "it does not know the token, or that lacks node:read: %s", f.Text)
	case f.Kind == Denied:
		row.good("acl", "no token, members not shown")
	case f.Kind != None:
		row.bad("members", "look at the server's log", "Status.Members fails: %s", f.Text)
	}
}

func (j *judge) peering(row *Row, a *Answers) {
	switch mine := joined(a.Peers); {
	case a.PeersFault.Kind == NoRegionPath: // region says it
	case a.PeersFault.Kind != None:
		row.bad("peers", "look at the server's log", "Status.Peers fails: %s", a.PeersFault.Text)
	case mine != j.peers:
		row.bad("peers", "compare nomad operator raft list-peers on both: it may be of another cluster", "its peers are %s, those of others %s", none(mine), none(j.peers))
	default:
		row.good("peers", "%d", len(a.Peers))
	}
}

func (j *judge) running(row *Row, build string) {
	if j.build != "" && build != j.build {
		row.bad("version", "run one version on all servers", "it runs %s, others %s", build, j.build)
		return
	}
	row.good("version", "%s", build)
}

// advertised judges the address that the server is known by to agents, if that is another
// one than was given.
func (j *judge) advertised(row *Row, s *Seen, own Member) {
	if f, looked := j.o.Advertised[own.Advertises]; looked && f.Kind != None {
		row.bad("advertise", "fix advertise.rpc on that server", "advertises %s, which does not answer from here: %s", own.Advertises, reason(own.Advertises, f))
	}
}

// others are the rows of servers that were not given, and are nobody's who was.
func (j *judge) others() (rows []Row) {
	status := map[string]Member{}
	for _, s := range j.o.Servers {
		if s.Answers != nil {
			for _, m := range s.Answers.Members {
				status[m.Advertises] = m
			}
		}
	}
	for _, addr := range slices.Sorted(maps.Keys(j.o.Advertised)) {
		if j.owner[addr] != "" {
			continue
		}
		row := Row{Server: printable.Name(addr), Findings: []Finding{}}
		m, f := status[addr], j.o.Advertised[addr]
		switch {
		case f.Kind == None:
			row.good("peer", "answers")
		case f.Kind == CallFailed: // it was not even dialed
			row.bad("peer", "fix advertise.rpc on that server", "a server advertises what nobody can connect to: %s", f.Text)
		case m.Status == "alive":
			row.bad("peer", "fix advertise.rpc on that server, or the way to it", "a server that others see alive advertises it, and it does not answer from here: %s", reason(addr, f))
		case m.Status != "":
			row.bad("peer", "start that server, or remove it with nomad operator raft remove-peer", "a server that others see as %s: %s", m.Status, reason(addr, f))
		default:
			row.bad("peer", "fix advertise.rpc on that server, or start it", "a peer of the servers, which does not answer from here: %s", reason(addr, f))
		}
		if m.Build != "" {
			j.running(&row, m.Build)
		}
		rows = append(rows, row)
	}
	return rows
}

// reason is a fault in a few words.
func reason(addr string, f Fault) string {
	switch f.Kind {
	case Refused, ConnectLate:
		what, _ := connecting(Route{Addr: addr, Fault: f})
		return what
	case Frozen, PingSilent:
		return "it takes connections and says nothing"
	}
	return f.Text
}

// none is a text, or a word for an empty one.
func none(text string) string {
	if text == "" {
		return "none"
	}
	return fmt.Sprint(text)
}
