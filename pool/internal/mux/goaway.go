package mux

// GoAway tells the peer to open no further stream. Those that it opened before it learns of
// that are accepted: yamux's own GoAway would reset them. It does not block.
func (c *Conn) GoAway() { c.Send(newHead(typeGoAway, 0, 0, 0)) }
