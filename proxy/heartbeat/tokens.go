package heartbeat

// tokens are the tokens of a node.
type tokens struct {
	secret   string
	identity string // signed by the cluster; empty: there is none
	intro    string // for a first registration
	renew    bool   // the next heartbeat asks for a new identity
}

// forCall is the token of a call. A registration never has the secret: a server that does
// not know the node denies it, but accepts a registration without a token (recording
// refused_arguments: "gone, secret"). The secret is in the node anyway.
func (t *tokens) forCall(k kind) string {
	switch {
	case t.identity != "":
		return t.identity
	case k == register:
		return t.intro
	default:
		return t.secret
	}
}

// accept takes the identity of a reply and reports whether it is a new one. An empty one
// means that the server could not sign.
func (t *tokens) accept(signed *string) bool {
	if signed == nil || *signed == "" {
		return false
	}
	renewed := *signed != t.identity
	t.identity, t.renew = *signed, t.renew && !renewed
	return renewed
}

// forgetIdentity forgets the identity with which a registration was denied.
func (t *tokens) forgetIdentity() { t.identity = "" }
