package messages

// Source is how a server came into the list. A Discoverer may use sources of its own;
// these are the module's.
type Source string

// The sources. The last one counts: a configured server that a heartbeat
// names is the heartbeat's.
const (
	SourceConfig    Source = "configuration" // the agent was started with it
	SourceHeartbeat Source = "heartbeat"     // the last heartbeat named it
	SourceManual    Source = "manual"        // SetServers, SetBackups, AddPrimary or AddBackup
	SourceFile      Source = "file"          // it worked before the agent's last start
	SourceStatic    Source = "static"        // a fixed list, given to discovery
	SourceDNS       Source = "dns"
	SourceConsul    Source = "consul"
	SourceDiscovery Source = "discovery" // a Discoverer that names no source
)

// Found is one address that discovery found. It is not validated yet.
type Found struct {
	Addr   string
	Source Source
}
