package pool

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The marks that servers leave in an error's text.
const (
	hopPrefix  = "rpc error: "         // of each server that forwarded the call
	codePrefix = "RPC Error:: "        // the code and a comma follow
	raftPrefix = "raft apply failed: " // of Variables.Apply; raft's words follow
	encodeMark = "msgpack encode error: "
	decodeMark = "msgpack decode error [pos "
	listItem   = "\n\t* " // of each error in a list, as go-multierror has it
)

// peeled removes the prefixes of forwarding and of a code. The innermost code
// counts: it is that of the server that failed.
func peeled(text string) (rest string, hops, code int) {
	for {
		if inner, found := strings.CutPrefix(text, hopPrefix); found {
			text, hops = inner, hops+1
			continue
		}
		inner, found := strings.CutPrefix(text, codePrefix)
		if !found {
			return text, hops, code
		}
		digits, message, _ := strings.Cut(inner, ",")
		n, err := strconv.Atoi(digits)
		if err != nil {
			return text, hops, code
		}
		text, code = message, n
	}
}

// meaning is the meaning of a text. The zero value is that of a handler's own words: it
// may have acted in part.
type meaning struct {
	kind   error
	effect Outcome
}

// refused is a text that comes before the handler has done anything.
func refused(kind error) meaning { return meaning{kind, Rejected} }

// whole are the texts that are known to the letter, from any handler.
var whole = map[string]meaning{
	"No cluster leader":                   refused(ErrNoLeader),
	"Not ready to serve consistent reads": refused(ErrNotReady),
	"Permission denied":                   refused(ErrPermissionDenied),
	"ACL token not found":                 refused(ErrTokenNotFound),
	"No path to region":                   refused(ErrNoRegionPath),
	"missing region for target RPC":       refused(ErrMissingRegion),
	"No path to node":                     refused(ErrNoNodePath),
	"node not found":                      refused(ErrUnknownNode),
	"node secret ID does not match. Not registering node.":               refused(ErrNodeSecret),
	"Unable to determine Nomad version":                                  refused(ErrNodeVersion),
	"Node does not support RPC; requires 0.8 or later":                   refused(ErrNodeVersion),
	"Unknown rpc method":                                                 refused(ErrUnknownMethod),
	"rate limit exceeded, try again later":                               refused(ErrRateLimited),
	"rate limit exceeded, try again later or against a different server": refused(ErrServerRateLimited),

	// The leader changes. A handler may have applied another write before the one
	// that raft, or the watcher of deployments, did not take.
	"node is not the leader":                               {kind: ErrNotLeader},
	"leadership transfer in progress":                      {kind: ErrNotLeader},
	"failed to reset heartbeat since server is not leader": {kind: ErrNotLeader}, // behind the write
	"deployment watcher not enabled":                       {kind: ErrNotLeader},
	"leadership lost while committing log":                 {kind: ErrLeadershipLost},
	"leadership lost":                                      {kind: ErrLeadershipLost},
	"raft is already shutdown":                             {kind: ErrServerStopping},
	"timed out enqueuing operation":                        {kind: ErrNotCommitted},
	"snapshot restored while committing log":               {kind: ErrNotCommitted},

	// Of Node.Register and Node.UpdateStatus, which look before they write.
	"missing node for client registration":           refused(ErrBadArguments),
	"missing node ID for client registration":        refused(ErrBadArguments),
	"missing node secret ID for client registration": refused(ErrBadArguments),
	"missing node name for client registration":      refused(ErrBadArguments),
	"missing datacenter for client registration":     refused(ErrBadArguments),
	"missing attributes for client registration":     refused(ErrBadArguments),
	"missing node ID for client status update":       refused(ErrBadArguments),
	"missing node ID":         refused(ErrBadArguments),
	"invalid status for node": refused(ErrBadArguments),
	"node lookup failed: index error: UUID must be 36 characters": refused(ErrBadArguments),
}

// begins are texts that end in something quoted back.
var begins = []struct {
	with string
	meaning
}{
	{"Unknown node ", refused(ErrUnknownNode)},
	{`Unknown allocation "`, refused(ErrUnknownAllocation)},
	{"Unknown allocation: ", meaning{kind: ErrUnknownAllocation}}, // of CSIVolume.Claim, behind a write
	{"rpc: can't find service ", refused(ErrUnknownMethod)},
	{"rpc: can't find method ", refused(ErrUnknownMethod)},
	{"rpc: service/method request ill-formed: ", refused(ErrUnknownMethod)},
	{"Unknown rpc method: ", refused(ErrUnknownMethod)},
}

// mostNested is how deep texts are read that handlers have wrapped in their own words.
const mostNested = 4

// read is the one place where the text of an error decides anything. Texts are
// matched whole; those that end in something quoted back are matched up to it.
func read(text string, hops, code, depth int) meaning {
	switch code {
	case 429:
		return refused(ErrRateLimited) // the code decides, whatever the words are
	case 403:
		return refused(ErrPermissionDenied)
	}
	if m, known := whole[text]; known {
		return m
	}
	for _, b := range begins {
		if strings.HasPrefix(text, b.with) {
			return b.meaning
		}
	}
	if strings.HasPrefix(text, "node ") && len(text) == len("node  not found")+36 && strings.HasSuffix(text, " not found") {
		return refused(ErrUnknownNode) // of Node.UpdateAlloc, with the ID
	}
	if keyless(text) {
		return refused(ErrStarting)
	}
	if inner, found := strings.CutPrefix(text, raftPrefix); found && depth > 0 {
		return nested(inner, hops, depth)
	}
	if strings.Contains(text, listItem) && depth > 0 {
		return listOf(text, hops, depth)
	}
	if hops > 0 {
		return forwarding(text)
	}
	if why, found := undecoded(text); found && !cutOff(why) {
		return refused(ErrBadRequest) // the codec's words follow
	}
	return meaning{}
}

// undecoded is why something could not be decoded, if the text is about that.
func undecoded(text string) (why string, found bool) {
	rest, found := strings.CutPrefix(text, decodeMark)
	_, why, _ = strings.Cut(rest, "]: ")
	return why, found
}

// keyless knows the answer of a server that wanted to sign or to encrypt, before it
// writes, and had no key: in a cluster just born, or just after an election.
func keyless(text string) bool {
	const notYet, noKey = "keyring has not been initialized yet", `no such key "`
	for _, doing := range []string{"failed to sign node identity claims: ", "variable error: encrypt: "} {
		if why, found := strings.CutPrefix(text, doing); found {
			return why == notYet || strings.HasPrefix(why, noKey)
		}
	}
	return text == notYet
}

// nested reads a text that a handler has put its own words around: it was at work.
func nested(text string, hops, depth int) meaning {
	inner, more, code := peeled(text)
	m := read(inner, hops+more, code, depth-1)
	m.effect = MaybeExecuted
	return m
}

// listOf reads a list of errors: of several steps some failed.
func listOf(text string, hops, depth int) meaning {
	head, rest, _ := strings.Cut(text, listItem)
	count, of, _ := strings.Cut(head, " ")
	if _, err := strconv.Atoi(count); err != nil || of != "error occurred:" && of != "errors occurred:" {
		return meaning{}
	}
	var kinds []error
	for item := range strings.SplitSeq(rest, listItem) {
		m := nested(strings.TrimRight(item, "\n"), hops, depth)
		if m.kind != nil && !slices.Contains(kinds, m.kind) {
			kinds = append(kinds, m.kind)
		}
	}
	if len(kinds) == 1 {
		return meaning{kind: kinds[0]}
	}
	return meaning{kind: errors.Join(kinds...)}
}

// forwarding reads the answer of a server that forwarded the call: words of its dial,
// of yamux and of the transport. Without a hop they are a handler's own, about
// something else.
func forwarding(text string) meaning {
	unsent, unanswered := refused(ErrLeaderUnreachable), meaning{kind: ErrLeaderUnreachable}
	if inner, found := strings.CutPrefix(text, encodeMark); found {
		text = inner // a large request breaks while it is encoded
	}
	switch text {
	case "stream closed", // yamux refuses the write, so the request was not sent whole
		"lead thread didn't get connection", "shutdown": // of the server's own pool
		return unsent
	}
	if strings.HasPrefix(text, "failed to get conn: ") || strings.HasPrefix(text, "failed to start stream: ") {
		return unsent // the address, or why, follows
	}
	why, found := undecoded(text)
	if found && !cutOff(why) {
		return meaning{kind: ErrBadRequest} // or the answer could not be read: the leader has acted then
	}
	if found || cutOff(text) {
		return unanswered
	}
	return meaning{}
}

// cutOff knows the words of a connection that ended with a call on it: of yamux
// 0.1.2 (const.go, session.go), of packages io, net and crypto/tls.
func cutOff(text string) bool {
	switch text {
	case "EOF", "unexpected EOF", "session shutdown", "connection reset", "stream reset", "stream closed",
		"connection write timeout", "keepalive timeout", "i/o deadline reached", "i/o timeout",
		"broken pipe", "connection reset by peer", "use of closed network connection",
		"streams exhausted", "recv window exceeded", "remote end is not accepting connections",
		"duplicate stream initiated", "unexpected flag", "invalid protocol version", "invalid msg type",
		"yamux protocol error", "remote yamux internal error", "unexpected go away received":
		return true
	}
	for _, with := range []string{"write tcp", "read tcp", "remote error: tls: ", "local error: tls: ", "tls: "} {
		if strings.HasPrefix(text, with) {
			return true // the addresses, or why, follow
		}
	}
	return false
}
