package pool

// avoid has the next dial begin with another address of the name than a session has.
func (o *owner) avoid(session uint64) {
	if s := o.live[session]; s != nil {
		o.pool.resolver.Failed(s.Addr, s.route)
	}
}

// spent has the dial in place of a session that broke begin with another address of the
// name, also if a call tells of it before the session's keeper does.
func (o *owner) spent(session uint64) {
	if s := o.live[session]; s != nil && s.Ended() {
		o.pool.failRoute(s, s.Cause())
	}
}
