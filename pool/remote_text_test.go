package pool

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// leaderText is a server's error while leaders change, without the text that forwarding
// and handlers put around it.
type leaderText struct {
	text    string
	kind    error
	outcome Outcome
	hopped  bool // it means that only where a forwarding server has said it
}

var leaderTexts = []leaderText{
	// Nothing was sent to the leader.
	{"stream closed", ErrLeaderUnreachable, Rejected, true},
	{"msgpack encode error: stream closed", ErrLeaderUnreachable, Rejected, true},
	{"failed to get conn: dial tcp 127.0.0.1:4647: connect: connection refused", ErrLeaderUnreachable, Rejected, true},
	{"failed to get conn: dial tcp [::1]:4647: i/o timeout", ErrLeaderUnreachable, Rejected, true},
	{"failed to get conn: dial tcp 10.0.0.1:4647: connect: no route to host", ErrLeaderUnreachable, Rejected, true},
	{"failed to get conn: rpc error: lead thread didn't get connection", ErrLeaderUnreachable, Rejected, true},
	{"failed to get conn: rpc error: shutdown", ErrLeaderUnreachable, Rejected, true},
	{"failed to get conn: x509: certificate signed by unknown authority", ErrLeaderUnreachable, Rejected, true},
	{"failed to start stream: session shutdown", ErrLeaderUnreachable, Rejected, true},
	{"failed to start stream: streams exhausted", ErrLeaderUnreachable, Rejected, true},
	{"lead thread didn't get connection", ErrLeaderUnreachable, Rejected, true},

	// The connection ended with the call on it.
	{"EOF", ErrLeaderUnreachable, MaybeExecuted, true},
	{"unexpected EOF", ErrLeaderUnreachable, MaybeExecuted, true},
	{"session shutdown", ErrLeaderUnreachable, MaybeExecuted, true},
	{"connection reset", ErrLeaderUnreachable, MaybeExecuted, true},
	{"stream reset", ErrLeaderUnreachable, MaybeExecuted, true},
	{"write tcp 127.0.0.1:5->127.0.0.2:4647: write: connection reset by peer", ErrLeaderUnreachable, MaybeExecuted, true},
	{"write tcp 127.0.0.1:5->127.0.0.2:4647: write: broken pipe", ErrLeaderUnreachable, MaybeExecuted, true},
	{"write tcp [::1]:5->[::1]:4647: i/o timeout", ErrLeaderUnreachable, MaybeExecuted, true},
	{"read tcp 127.0.0.1:5->127.0.0.2:4647: read: connection reset by peer", ErrLeaderUnreachable, MaybeExecuted, true},
	{"read tcp 127.0.0.1:5->127.0.0.2:4647: use of closed network connection", ErrLeaderUnreachable, MaybeExecuted, true},
	{"broken pipe", ErrLeaderUnreachable, MaybeExecuted, true},
	{"use of closed network connection", ErrLeaderUnreachable, MaybeExecuted, true},
	{"i/o timeout", ErrLeaderUnreachable, MaybeExecuted, true},
	{"connection write timeout", ErrLeaderUnreachable, MaybeExecuted, true},
	{"keepalive timeout", ErrLeaderUnreachable, MaybeExecuted, true},
	{"remote error: tls: bad certificate", ErrLeaderUnreachable, MaybeExecuted, true},
	{"msgpack encode error: session shutdown", ErrLeaderUnreachable, MaybeExecuted, true},
	{"msgpack decode error [pos 0]: connection reset", ErrLeaderUnreachable, MaybeExecuted, true},
	{"msgpack decode error [pos 12]: read tcp 127.0.0.1:5->127.0.0.2:4647: i/o timeout", ErrLeaderUnreachable, MaybeExecuted, true},

	// The leader hands over, stops or cannot follow.
	{"leadership transfer in progress", ErrNotLeader, MaybeExecuted, false},
	{"node is not the leader", ErrNotLeader, MaybeExecuted, false},
	{"failed to reset heartbeat since server is not leader", ErrNotLeader, MaybeExecuted, false},
	{"deployment watcher not enabled", ErrNotLeader, MaybeExecuted, false},
	{"leadership lost while committing log", ErrLeadershipLost, MaybeExecuted, false},
	{"raft is already shutdown", ErrServerStopping, MaybeExecuted, false},
	{"timed out enqueuing operation", ErrNotCommitted, MaybeExecuted, false},
	{"snapshot restored while committing log", ErrNotCommitted, MaybeExecuted, false},

	// The cluster, or its new leader, has no key yet.
	{"failed to sign node identity claims: keyring has not been initialized yet", ErrStarting, Rejected, false},
	{"variable error: encrypt: keyring has not been initialized yet", ErrStarting, Rejected, false},
	{`variable error: encrypt: no such key "e1e2e0a8" in keyring`, ErrStarting, Rejected, false},
	{"keyring has not been initialized yet", ErrStarting, Rejected, false},
}

func TestEachTextOfALeaderChangeIsKnownInItsWrappings(t *testing.T) {
	list := func(items ...string) string {
		word := "errors"
		if len(items) == 1 {
			word = "error"
		}
		return fmt.Sprintf("%d %s occurred:\n\t* %s\n\n", len(items), word, strings.Join(items, "\n\t* "))
	}
	for _, c := range leaderTexts {
		for hops := range 4 {
			prefix := strings.Repeat("rpc error: ", hops)
			check := func(sent, text string, hops int, kind error, outcome Outcome) {
				t.Helper()
				e := remoteError(sent)
				if e.Raw != sent || e.Text != text || e.Hops != hops || !errors.Is(e, kind) || e.effect != outcome {
					t.Errorf("%q: %+v, %v", sent, *e, e.effect)
				}
			}
			if hops == 0 && c.hopped {
				if e := remoteError(c.text); e.Kind != nil || e.effect != MaybeExecuted {
					t.Errorf("%q are a handler's own words: %+v, %v", c.text, *e, e.effect)
				}
				continue
			}
			check(prefix+c.text, c.text, hops, c.kind, c.outcome)
			// A handler put its own words around it, so it was at work.
			for _, wrapped := range []string{
				"raft apply failed: " + c.text, list(c.text), list("rpc error: " + c.text), list("something", c.text),
				list(c.text, c.text), "raft apply failed: " + list(c.text), list("raft apply failed: " + c.text), list(list(c.text)),
			} {
				check(prefix+wrapped, wrapped, hops, c.kind, MaybeExecuted)
			}
		}
	}
	both := remoteError(list("leadership lost while committing log", "node is not the leader", "x"))
	if !errors.Is(both, ErrLeadershipLost) || !errors.Is(both, ErrNotLeader) || errors.Is(both, ErrNoLeader) {
		t.Errorf("%+v", both)
	}
}

func TestATextThatOnlyLooksLikeAWrappingIsAHandlersOwn(t *testing.T) {
	deep := strings.Repeat("raft apply failed: ", 2*mostNested) + "node is not the leader"
	for _, sent := range []string{
		"raft apply failed: ", "raft apply failed: x", "raft apply failed: raft is", "apply failed: node is not the leader",
		"some error occurred:\n\t* node is not the leader\n\n", "1 error:\n\t* node is not the leader\n\n",
		"1 error occurred:\n\t* the node is not the leader\n\n", "1 error occurred:\nnode is not the leader",
		"node is not the leader\n", "stream closed", "rpc error: streams closed", "rpc error: failed to get conn",
		"msgpack encode error: stream closed", "rpc error: msgpack encode error: x", "failed to sign node identity claims: x",
		"controller publish: rpc error: stream closed", "node e1e2 not found", deep,
	} {
		if e := remoteError(sent); e.Kind != nil || e.effect != MaybeExecuted || e.Raw != sent {
			t.Errorf("%q: %+v, %v", sent, *e, e.effect)
		}
	}
}

func TestTheOtherKnownTextsHaveTheirErrors(t *testing.T) {
	const id = "e1e2e0a8-f30a-4bb8-9d0e-2a2cfb0d4d6b"
	for sent, want := range map[string]meaning{
		`Unknown allocation "` + id + `"`:                           {ErrUnknownAllocation, Rejected},
		"Unknown allocation: " + id:                                 {ErrUnknownAllocation, MaybeExecuted},
		"RPC Error:: 404,Unknown node \"x\"":                        {ErrUnknownNode, Rejected},
		"node " + id + " not found":                                 {ErrUnknownNode, Rejected},
		"RPC Error:: 403,not for you":                               {ErrPermissionDenied, Rejected},
		"rpc error: invalid status for node":                        {ErrBadArguments, Rejected},
		"missing node ID":                                           {ErrBadArguments, Rejected},
		"msgpack decode error [pos 47]: only":                       {ErrBadRequest, Rejected},
		"rpc error: msgpack decode error [pos 47]":                  {ErrBadRequest, MaybeExecuted}, // perhaps of the leader's reply
		"RPC Error:: 500,rpc error: RPC Error:: 404,Unknown node x": {ErrUnknownNode, Rejected},
	} {
		if e := remoteError(sent); e.Kind != want.kind || e.effect != want.effect || e.Raw != sent {
			t.Errorf("%q: %+v, %v", sent, *e, e.effect)
		}
	}
	if e := remoteError("RPC Error:: 500,rpc error: RPC Error:: 404,Unknown node x"); e.Code != 404 || e.Text != "Unknown node x" {
		t.Errorf("%+v: the innermost code counts", *e)
	}
}

func TestARemoteErrorIsOneLineForPeople(t *testing.T) {
	for sent, want := range map[string]string{
		"rpc error: 1 error occurred:\n\t* leadership lost while committing log\n\n": "1 error occurred: leadership lost while committing log",
		"2 errors occurred:\n\t* a\n\t* b\n\n":                                       "2 errors occurred: a; b",
		"x\n\n  y\r\n":                                                               "x; y",
		"\n":                                                                         "",
	} {
		e := remoteError(sent)
		if e.Error() != want || e.Raw != sent {
			t.Errorf("%q is %q", sent, e.Error())
		}
	}
}

// Whatever a server sends: it is read in time, and what it sent is there.
func FuzzTheTextOfAnError(f *testing.F) {
	for _, c := range leaderTexts {
		f.Add("rpc error: " + c.text)
		f.Add("2 errors occurred:\n\t* " + c.text + "\n\t* x\n\n")
	}
	f.Add(strings.Repeat("rpc error: RPC Error:: 1,", 100))
	f.Fuzz(func(t *testing.T, sent string) {
		e := remoteError(sent)
		if e.Raw != sent || !strings.HasSuffix(sent, e.Text) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%+v, %q", *e, e.Error())
		}
		if e.effect == Rejected && e.Kind == nil {
			t.Errorf("%q was refused, for no known reason", sent)
		}
	})
}
