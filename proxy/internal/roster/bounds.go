package roster

import (
	"strings"

	"github.com/open-nomad/rpcproxy/messages"
)

// maxText bounds, in bytes, what is kept or logged of a text that a heartbeat or
// discovery brought. No address that can be used is longer.
const maxText = 300

// bounded is text, or a copy of its beginning: the part that is cut off is not kept in memory.
func bounded(text string) string {
	if len(text) > maxText {
		return strings.Clone(text[:maxText])
	}
	return text
}

// head is what a server of a heartbeat is recognised by. It shares info's memory.
func head(info messages.ServerInfo) messages.ServerInfo {
	info.RPCAdvertiseAddr = info.RPCAdvertiseAddr[:min(len(info.RPCAdvertiseAddr), maxText)]
	info.Datacenter = info.Datacenter[:min(len(info.Datacenter), maxText)]
	return info
}
