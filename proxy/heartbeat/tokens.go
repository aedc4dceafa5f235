package heartbeat

// tokens are what a node shows, and when.
type tokens struct {
	secret   string
	identity string // signed by the cluster; empty: there is none
	intro    string // for a first registration
	renew    bool   // a new identity is to be asked for
}

// show is the token of a call. A registration never shows the secret: a server that
// does not know the node denies it, whereas it takes none (recording
// refused_arguments: "gone, secret"). The secret is in the node anyway.
func (t *tokens) show(k kind) string {
	switch {
	case t.identity != "":
		return t.identity
	case k == register:
		return t.intro
	default:
		return t.secret
	}
}

// take takes the identity of a reply and says whether it is a new one. An empty one
// says that the server could not sign.
func (t *tokens) take(signed *string) bool {
	if signed == nil || *signed == "" {
		return false
	}
	renewed := *signed != t.identity
	t.identity, t.renew = *signed, t.renew && !renewed
	return renewed
}

// refuse forgets an identity that a registration was denied with.
func (t *tokens) refuse() { t.identity = "" }
