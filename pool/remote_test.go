package pool

import (
	"errors"
	"testing"
)

func TestRemoteErrorsAreKnownByTheirWholeText(t *testing.T) {
	const refused = "failed to get conn: dial tcp 127.0.0.1:4647: connect: connection refused"
	for _, c := range []struct {
		sent    string
		text    string // empty: as sent
		hops    int
		code    int
		kind    error
		outcome Outcome
	}{
		{sent: "No cluster leader", kind: ErrNoLeader, outcome: Rejected},
		{sent: "Not ready to serve consistent reads", kind: ErrNotReady, outcome: Rejected},
		{sent: "Permission denied", kind: ErrPermissionDenied, outcome: Rejected},
		{sent: "ACL token not found", kind: ErrTokenNotFound, outcome: Rejected},
		{sent: "No path to region", kind: ErrNoRegionPath, outcome: Rejected},
		{sent: "missing region for target RPC", kind: ErrMissingRegion, outcome: Rejected},
		{sent: "No path to node", kind: ErrNoNodePath, outcome: Rejected},
		{sent: "node not found", kind: ErrUnknownNode, outcome: Rejected},
		{sent: "Unknown node e1e2e0a8-f30a", kind: ErrUnknownNode, outcome: Rejected},
		{sent: "node secret ID does not match. Not registering node.", kind: ErrNodeSecret, outcome: Rejected},
		{sent: "Unable to determine Nomad version", kind: ErrNodeVersion, outcome: Rejected},
		{sent: "Node does not support RPC; requires 0.8 or later", kind: ErrNodeVersion, outcome: Rejected},
		{sent: "rpc: can't find service Foo.Bar", kind: ErrUnknownMethod, outcome: Rejected},
		{sent: "rpc: can't find method Status.Version", kind: ErrUnknownMethod, outcome: Rejected},
		{sent: "rpc: service/method request ill-formed: NoDot", kind: ErrUnknownMethod, outcome: Rejected},
		{sent: `Unknown rpc method: "No.Such"`, kind: ErrUnknownMethod, outcome: Rejected},
		{sent: "Unknown rpc method", kind: ErrUnknownMethod, outcome: Rejected},
		{sent: "msgpack decode error [pos 47]: only encoded map or array", kind: ErrBadRequest, outcome: Rejected},
		{sent: "rate limit exceeded, try again later", kind: ErrRateLimited, outcome: Rejected},

		// What forwarding adds is taken away, however often it was forwarded.
		{sent: "rpc error: Permission denied", text: "Permission denied", hops: 1, kind: ErrPermissionDenied, outcome: Rejected},
		{sent: "rpc error: rpc error: node not found", text: "node not found", hops: 2, kind: ErrUnknownNode, outcome: Rejected},
		{sent: "rpc error: some failure", text: "some failure", hops: 1, outcome: MaybeExecuted},

		// The leader was not reached: before the call was with it, or meanwhile.
		{sent: "rpc error: EOF", text: "EOF", hops: 1, kind: ErrLeaderUnreachable, outcome: MaybeExecuted},
		{sent: "rpc error: " + refused, text: refused, hops: 1, kind: ErrLeaderUnreachable, outcome: Rejected},
		{sent: "EOF", outcome: MaybeExecuted},
		{sent: refused, outcome: MaybeExecuted},

		{sent: "RPC Error:: 404,node not found", text: "node not found", code: 404, kind: ErrUnknownNode, outcome: Rejected},
		{sent: "RPC Error:: 403,Permission denied", text: "Permission denied", code: 403, kind: ErrPermissionDenied, outcome: Rejected},
		{sent: "RPC Error:: 429,slow down, please", text: "slow down, please", code: 429, kind: ErrRateLimited, outcome: Rejected},
		{sent: "RPC Error:: 500,boom, and more", text: "boom, and more", code: 500, outcome: MaybeExecuted},
		{sent: "rpc error: RPC Error:: 404,gone", text: "gone", hops: 1, code: 404, outcome: MaybeExecuted},
		{sent: "RPC Error:: x,no number", outcome: MaybeExecuted},
		{sent: "RPC Error:: 404", text: "", code: 404, outcome: MaybeExecuted},

		// Nothing is found inside another text.
		{sent: "xNo cluster leader", outcome: MaybeExecuted},
		{sent: "No cluster leader ", outcome: MaybeExecuted},
		{sent: "no cluster leader", outcome: MaybeExecuted},
		{sent: "job said: Permission denied", outcome: MaybeExecuted},
		{sent: "failed: rpc error: EOF", outcome: MaybeExecuted},
		{sent: "an unheard-of failure", outcome: MaybeExecuted},
	} {
		t.Run(c.sent, func(t *testing.T) {
			if c.text == "" && c.code == 0 {
				c.text = c.sent
			}
			e := remoteError(c.sent)
			if e.Text != c.text || e.Hops != c.hops || e.Code != c.code || e.Kind != c.kind {
				t.Errorf("%+v, want %q, %d hops, code %d, %v", *e, c.text, c.hops, c.code, c.kind)
			}
			if got := e.effect; got != c.outcome {
				t.Errorf("%v, want %v", got, c.outcome)
			}
			if c.kind != nil && !errors.Is(&CallError{Err: e}, c.kind) {
				t.Errorf("%v is not under the error of a call", c.kind)
			}
			if e.Error() != c.text {
				t.Errorf("text %q", e.Error())
			}
		})
	}
}

func TestPhasesAndOutcomesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for p := PhaseFind; p <= PhaseRemote; p++ {
		if s := p.String(); s == "" || s == Phase(0xff).String() || seen[s] {
			t.Errorf("phase %d is %q", p, s)
		} else {
			seen[s] = true
		}
		if want := p <= PhaseOpen; (outcomeAt(p) == NotSent) != want {
			t.Errorf("%v: %v", p, outcomeAt(p))
		}
	}
	for o, want := range map[Outcome]string{MaybeExecuted: "maybe executed", NotSent: "not sent", Rejected: "rejected"} {
		if o.String() != want {
			t.Errorf("outcome %d is %q", o, o)
		}
	}
}
